import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Dev, startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { missing } from '../support/programs.ts'
import { launchBrowser, openPage, screenshot } from './browser.ts'
import { type DemoApp, startDemoApp } from './demo-app.ts'

const skip = missing('chromium')
const dialects = ['standard', 'makeprintable', 'platform-login', 'make-academy'] as const
const locales = ['en-US', 'ja-JP'] as const

let browser: Browser
before(async () => {
  if (!skip) browser = await launchBrowser()
})
after(() => browser?.close())

const widths = [320, 1280]
const colorSchemes = ['light', 'dark'] as const

/** Takes a picture of the page as it is, at each width and in each colour scheme; nothing may stick out at the side. */
async function picture(page: Page, name: string): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 })
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
    assert.ok(overflow <= 0, `${name} is ${overflow} px wider than ${width} px`)
    for (const colorScheme of colorSchemes) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: screenshot(`${name}-${width}-${colorScheme}`), fullPage: true })
    }
  }
}

/** What a person does: a click or a key, and the page that it leads to. */
async function press(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.click(selector)])
}

async function signIn(page: Page, password: string): Promise<void> {
  await page.fill('input[name=password]:not([type=hidden])', password)
  await press(page, 'form:has(input[name=password]:not([type=hidden])) button')
}

/** From the app's link to consent, with a wrong password on the way. */
async function goToConsent(page: Page, { description }: Dev, app: DemoApp, name?: string): Promise<void> {
  const show = async (state: string) => (name === undefined ? undefined : picture(page, `${name}-${state}`))
  const [john] = description.users
  assert.ok(john)
  await page.goto(app.url)
  await press(page, '#connect')
  if (description.dialect === 'make-academy') {
    await show('1-choose')
    await press(page, `a:has-text("${john.name}")`)
    assert.equal(await page.inputValue('input[name=username]:not([type=hidden])'), john.username)
  } else {
    await page.fill('input[name=username]:not([type=hidden])', john.username)
  }
  await show('2-sign-in')
  await signIn(page, 'not the password')
  await show('3-wrong-password')
  assert.equal(await page.inputValue('input[name=username]:not([type=hidden])'), john.username)
  await signIn(page, john.password)
  await page.waitForSelector('button[value=allow]')
  await show('4-consent')
}

for (const dialect of dialects) {
  for (const javaScriptEnabled of [true, false]) {
    for (const locale of locales) {
      const how = `${javaScriptEnabled ? 'with' : 'without'} JavaScript, ${locale}`
      test(`${dialect}: a person denies an app, and connects it another time (${how})`, {
        skip,
      }, async () => {
        await using dev = await startDev({ dialect })
        await using app = await startDemoApp(dev, dialect === 'make-academy' ? { scope: 'connect' } : {})
        const options = { javaScriptEnabled, locale }
        const name = javaScriptEnabled ? `${dialect}-${locale}` : undefined
        {
          await using denied = await openPage(browser, 'about:blank', options)
          await goToConsent(denied.page, dev, app)
          await press(denied.page, 'button[value=deny]')
          assert.equal(app.received()?.get('error'), 'access_denied')
          assert.equal(app.received()?.get('code'), null)
          if (dialect === 'make-academy') assert.ok(app.received()?.get('error.message'))
        }
        await using allowed = await openPage(browser, 'about:blank', options)
        await goToConsent(allowed.page, dev, app, name)
        await press(allowed.page, 'button[value=allow]')
        await assertAllowed(dev, app)
        assert.deepEqual(complaintsOf(allowed), [])
      })
    }
  }
}

/** A wrong password is a 400, which the browser's console tells. */
const complaintsOf = ({ complaints }: { complaints: string[] }): string[] =>
  complaints.filter((text) => !/the server responded with a status of 400/.test(text))

async function assertAllowed(dev: Dev, app: DemoApp): Promise<void> {
  const { endpoints, issuer } = dev.description
  const received = app.received()
  assert.deepEqual([received?.get('state'), received?.get('iss')], ['the-state', issuer])
  const tokens = await app.redeem()
  const token = String(tokens.access_token)
  const response = await fetch(`${endpoints.api}/whoami`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(response.status, 200, JSON.stringify(tokens))
}

test('a person comes back to an app that wants a form, with JavaScript and without', { skip }, async () => {
  await using dev = await startDev()
  await using app = await startDemoApp(dev, { response_mode: 'form_post', prompt: 'consent' })
  for (const javaScriptEnabled of [true, false]) {
    await using opened = await openPage(browser, 'about:blank', { javaScriptEnabled })
    const { page } = opened
    await goToConsent(page, dev, app)
    await page.click('button[value=allow]')
    if (!javaScriptEnabled) {
      await page.waitForSelector('input[name=code]', { state: 'attached' })
      await picture(page, 'form-post-5-continue')
      await page.click('form button')
    }
    await page.waitForSelector('#back')
    await assertAllowed(dev, app)
  }
})

test('a request survives a reload, the back button, and sign-in in two tabs at once', { skip }, async () => {
  await using dev = await startDev()
  await using app = await startDemoApp(dev)
  await using first = await openPage(browser, app.url)
  const [john, jane] = dev.description.users
  assert.ok(john && jane)
  await press(first.page, '#connect')
  const second = await first.page.context().newPage()
  await second.goto(app.url)
  await press(second, '#connect')

  await first.page.reload()
  await first.page.fill('input[name=username]:not([type=hidden])', john.username)
  await signIn(first.page, john.password)
  await first.page.waitForSelector('button[value=allow]')
  await first.page.reload()
  await first.page.waitForSelector('button[value=allow]')
  await first.page.goBack()
  await first.page.goForward()
  await first.page.waitForSelector('button[value=allow]')

  // The other tab shows the form that it got before anybody was signed in.
  await second.fill('input[name=username]:not([type=hidden])', jane.username)
  await signIn(second, jane.password)
  await second.waitForSelector('button[value=allow]')
  await press(second, 'button[value=allow]')
  await assertAllowed(dev, app)
  await press(first.page, 'button[value=allow]')
  await assertAllowed(dev, app)
})

test('after signing out the Back button shows no account', { skip }, async () => {
  await using dev = await startDev()
  // As people have it: pages that were left wait in memory, where Playwright would have none.
  const everyday = await launchBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  try {
    await using visit = await openPage(everyday, `${dev.description.issuer}/sign-in`)
    const { page } = visit
    const [john] = dev.description.users
    assert.ok(john)
    await page.fill('input[name=username]:not([type=hidden])', john.username)
    await signIn(page, john.password)
    await press(page, 'a[href*="/sign-out"]')
    await press(page, 'form button')
    for (let step = 0; step < 2; step++) {
      // A page out of memory tells of no navigation that could be waited for: the one that is left has a mark.
      await page.evaluate('globalThis.isLeft = true; history.back()')
      const isThere = "!globalThis.isLeft && document.readyState === 'complete'"
      await eventually(() => page.evaluate<boolean>(isThere).catch(() => false))
      assert.doesNotMatch(await page.content(), /Sign out everywhere/, page.url())
    }
  } finally {
    await everyday.close()
  }
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { type ConfigInput, parseConfig } from '../../packages/server/src/config/config.ts'
import { type Listener, listen } from '../../packages/server/src/listen.ts'
import { formPostAsset, logoAsset, stylesheetAsset } from '../../packages/server/src/pages/assets.ts'
import { privatePage } from '../../packages/server/src/pages/layout.ts'
import { lookOf } from '../../packages/server/src/pages/look.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'
import { launchBrowser, openPage, screenshot } from './browser.ts'
import { gallery, markup } from './gallery.ts'

const skip = missing('chromium')
let browser: Browser
let listener: Listener
let url: string
/** The headers of each post, the last one last. */
const posts: Headers[] = []
/** What each of them said. */
const bodies: URLSearchParams[] = []
/** What the owner of the pages made their own. */
let own: Partial<ConfigInput> = {}

before(async () => {
  if (skip) return
  browser = await launchBrowser()
  listener = await listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${listener.port}`
  listener.serve(answer)
})

after(async () => {
  await browser?.close()
  await listener?.close()
})

/** Each page of the gallery under its name, with the headers that every such page has. */
async function answer(request: Request): Promise<Response> {
  const config = parseConfig(
    { issuer: url, audience: url, apiName: 'Northwind', ...own },
    { LATCHKEY_SECRET: 'a secret of the gallery and of no one else' },
  )
  const exchange = { requestId: 'test', address: '' }
  const name = new URL(request.url).pathname.slice(1)
  if (request.method === 'POST') {
    posts.push(request.headers)
    bodies.push(new URLSearchParams(await request.text()))
    return new Response('Thank you')
  }
  if (name === 'assets/latchkey.css') return stylesheetAsset(config)(request, exchange)
  if (name === 'assets/form-post.js') return formPostAsset(request, exchange)
  if (name === 'assets/logo') return (await logoAsset(config)?.(request, exchange)) ?? notFound()
  const page = gallery[name]
  if (page === undefined) return notFound()
  return privatePage(page(lookOf(config, request)), exchange, { hasScript: name === 'form-post' })
}

const notFound = () => new Response('', { status: 404 })

const looks = [
  { width: 320, locale: 'en-GB', colorScheme: 'light' },
  { width: 320, locale: 'ja-JP', colorScheme: 'dark' },
  { width: 1280, locale: 'en-GB', colorScheme: 'dark' },
  { width: 1280, locale: 'ja-JP', colorScheme: 'light' },
] as const

for (const { width, locale, colorScheme } of looks) {
  const language = locale.slice(0, 2)
  test(`every page fits and is accessible at ${width} px, ${colorScheme}, in ${language}`, {
    skip,
  }, async () => {
    const options = { viewport: { width, height: 800 }, colorScheme, locale }
    await using opened = await openPage(browser, 'about:blank', options)
    const { page, complaints } = opened
    // Without its script the page stays to be looked at.
    await page.route('**/form-post.js*', (route) => route.fulfill({ body: '' }))
    for (const name of Object.keys(gallery)) {
      await page.goto(`${url}/${name}`)
      await page.screenshot({
        path: screenshot(`${name}-${width}-${colorScheme}-${language}`),
        fullPage: true,
      })
      assert.equal(await page.getAttribute('html', 'lang'), language)
      assert.doesNotMatch((await page.textContent('body')) ?? '', /undefined|null|NaN|\[object/, name)
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, name)
      // What axe looks at is the same at every width, but not in every colour scheme.
      if (width === 320) assert.deepEqual(await violations(page), [], name)
      assert.deepEqual(complaints, [], name)
    }
  })
}

/** The browser puts the focus where the page wants it a moment after the page is there. */
const hasFocus = (page: Page, id: string) => page.waitForFunction(`document.activeElement?.id === '${id}'`)

test('the keyboard goes through the sign-in page from top to bottom, from its first field', {
  skip,
}, async () => {
  await using opened = await openPage(browser, `${url}/sign-in-app`)
  await hasFocus(opened.page, 'username')
  assert.deepEqual(await tabStops(opened.page, 7), [
    'username',
    'password',
    'Sign in',
    'Forgot your password?',
    'Create an account',
    'Choose an account that is signed in',
    'Sign in as John Doe',
  ])
})

test('an account is chosen by keyboard', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/choose-account`)
  const { page } = opened
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.hover('[value="john"]')
  await page.screenshot({ path: screenshot('choose-account-keyboard') })
  await Promise.all([page.waitForURL('**/posted'), page.keyboard.press('Enter')])
  assert.equal(bodies.at(-1)?.get('account'), 'jane')
})

test('after a wrong password the keyboard stands in the field to fill in again', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/sign-in-wrong`)
  const { page } = opened
  await hasFocus(page, 'password')
  assert.deepEqual(await tabStops(page, 2), ['password', 'Sign in'])
  assert.equal(await page.inputValue('#username'), 'john')
  assert.equal(await page.inputValue('#password'), '')
  assert.match(await page.title(), /^Error: /)
  const described = await page.getAttribute('#password', 'aria-describedby')
  assert.match((await page.textContent(`#${described}`)) ?? '', /is not right/)
})

test('a mistake is beside its field, and the summary leads to it', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/finish-sign-up-wrong`)
  const { page } = opened
  await page.click('[role="alert"] a[href="#password"]')
  await hasFocus(page, 'password')
  assert.equal(await page.getAttribute('#password', 'aria-describedby'), 'password-hint password-error')
  assert.equal(await page.getAttribute('#password', 'aria-invalid'), 'true')
})

test('both answers to an app are reached by keyboard and are of one size', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/consent`)
  const { page } = opened
  assert.deepEqual(await tabStops(page, 3, 1), ['Use another account', 'Allow', 'Deny'])
  await page.keyboard.press('Shift+Tab')
  await page.hover('[value="allow"]')
  await page.screenshot({ path: screenshot('consent-keyboard'), fullPage: true })
  const [allow, deny] = await Promise.all(
    ['allow', 'deny'].map((value) => page.locator(`[value="${value}"]`).boundingBox()),
  )
  assert.deepEqual([deny?.width, deny?.height], [allow?.width, allow?.height])
})

test('our own forms say where they come from, without any referrer going elsewhere', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/sign-in`)
  const { page } = opened
  await page.fill('#username', 'john')
  await page.fill('#password', 'secret')
  await Promise.all([page.waitForURL('**/posted'), page.click('.button-primary')])
  assert.equal(posts.at(-1)?.get('origin'), url)
})

test('with JavaScript an answer by form post goes back to the app at once', { skip }, async () => {
  const before = posts.length
  await using opened = await openPage(browser, `${url}/form-post`)
  await opened.page.waitForURL('**/posted')
  assert.equal(posts.length, before + 1)
})

test('without JavaScript the answer by form post waits for its button', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/form-post`, { javaScriptEnabled: false })
  const { page } = opened
  await Promise.all([page.waitForURL('**/posted'), page.click('text=Continue')])
})

test('68: markup in the name of an app, a person, a scope or a host is shown as text', { skip }, async () => {
  await using opened = await openPage(browser, `${url}/consent-markup`)
  const { page, complaints } = opened
  assert.deepEqual(complaints, [])
  assert.equal(await page.locator('img, script').count(), 0)
  assert.equal(await page.textContent('.person-name'), markup)
  assert.equal(await page.textContent('.returns-host'), markup)
  assert.equal(await page.inputValue('[name="continue"]'), markup)
})

test('the owner’s logo and colour are on every page', { skip }, async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('logo.svg'), logo)
  own = { logo: folder.file('logo.svg'), accentColor: '#ffcc00' }
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const options = { viewport: { width: 1280, height: 800 }, colorScheme }
      await using opened = await openPage(browser, `${url}/consent`, options)
      const { page, complaints } = opened
      await page.screenshot({ path: screenshot(`own-look-${colorScheme}`), fullPage: true })
      assert.deepEqual(complaints, [])
      assert.equal(await page.getAttribute('header img', 'alt'), 'Northwind')
      assert.equal(await page.evaluate("document.querySelector('header img').naturalWidth"), 120)
      assert.deepEqual(await violations(page), [])
    }
  } finally {
    own = {}
  }
})

const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="32" viewBox="0 0 120 32">
<circle cx="16" cy="16" r="16" fill="#ffcc00"/><path d="M44 8h72v16H44z" fill="#8a919c"/></svg>`

/** Where the keyboard stands after each Tab, from where it is: by id where there is one, else by name. */
async function tabStops(page: Page, count: number, presses = 0): Promise<string[]> {
  const stops: string[] = []
  const look = `(({ id, ariaLabel, textContent }) => id || ariaLabel || textContent.trim())(document.activeElement)`
  for (let pressed = 0; pressed < presses; pressed++) await page.keyboard.press('Tab')
  for (let stop = 0; stop < count; stop++) {
    stops.push(await page.evaluate(look))
    await page.keyboard.press('Tab')
  }
  return stops
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + failureSummary).join(' ')))`)
}

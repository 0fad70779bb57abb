import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { oauthErrorCodes } from '../../packages/server/src/base/oauth-error.ts'
import { presets, resolveDialect } from '../../packages/server/src/dialects/presets.ts'
import { missing } from '../support/programs.ts'
import { postForm, startServer, type TestServer } from '../support/server.ts'
import { launchBrowser, openPage, screenshot } from './browser.ts'

const skip = missing('chromium')
let browser: Browser
let server: TestServer

before(async () => {
  if (skip) return
  browser = await launchBrowser()
  server = await startServer({ apiName: 'Sample API' })
})

after(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})

for (const width of [320, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the page fits and is accessible at ${width} px, ${colorScheme}`, { skip }, async () => {
      const options = { viewport: { width, height: 900 }, colorScheme }
      await using opened = await openPage(browser, server.latchkey.urls.docs, options)
      const { page, complaints } = opened
      await page.screenshot({ path: screenshot(`docs-${width}-${colorScheme}`), fullPage: true })
      assert.deepEqual(complaints, [])
      for (const language of ['curl', 'python', 'javascript', 'php']) {
        await page.locator(`#language-${language}`).check()
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
        assert.deepEqual(await visibleLanguages(page), [`in-${language}`])
      }
      assert.deepEqual(await violations(page), [])
    })
  }
}

test('an error leads to the part of the page that explains it, and that stands out', { skip }, async () => {
  const answer = await postForm(
    server.latchkey.urls.token,
    { grant_type: 'client_credentials' },
    { id: 'x', secret: 'y' },
  )
  const { error, error_uri } = (await answer.json()) as { error: string; error_uri: string }
  await using opened = await openPage(browser, error_uri, { viewport: { width: 1280, height: 900 } })
  const { page } = opened
  await page.screenshot({ path: screenshot('docs-error') })
  const target = page.locator(':target')
  assert.equal(await target.getAttribute('id'), error)
  assert.equal(await target.locator('h4 code').textContent(), error)
  const top = await topOf(page, ':target')
  assert.ok(top >= 0 && top < 450, `${top}`)
  const background = (selector: string) =>
    page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`)
  assert.notEqual(await background(':target'), await background('#invalid_grant'))
})

test('every error of the server and of a guard has its anchor once', { skip }, async () => {
  await using opened = await openPage(browser, server.latchkey.urls.docs)
  for (const code of [...oauthErrorCodes, 'unauthorized', 'invalid_token', 'insufficient_scope']) {
    assert.equal(await opened.page.locator(`[id="${code}"]`).count(), 1, code)
  }
})

for (const dialect of Object.keys(presets)) {
  test(`the page of ${dialect} fits and is accessible, and every link within it leads somewhere`, {
    skip,
  }, async () => {
    const { scopes } = resolveDialect(dialect).policy
    await using own = await startServer({ dialect, ...(scopes ? { scopes } : {}) })
    await using opened = await openPage(browser, own.latchkey.urls.docs, {
      viewport: { width: 320, height: 900 },
    })
    const { page } = opened
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320)
    assert.deepEqual(await violations(page), [])
    const links: string[] = await page.evaluate('[...document.links].map((a) => a.hash.slice(1))')
    assert.ok(links.length > 20)
    for (const id of new Set(links)) {
      assert.equal(await page.locator(`[id="${id}"]`).count(), 1, id)
    }
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.locator('#language-python').check()
    await page.screenshot({ path: screenshot(`docs-${dialect}`), fullPage: true })
  })
}

test('the keyboard skips to the content, chooses a language and reaches its snippets', { skip }, async () => {
  await using opened = await openPage(browser, server.latchkey.urls.docs, {
    viewport: { width: 1280, height: 900 },
  })
  const { keyboard } = opened.page
  await keyboard.press('Tab')
  assert.equal(await focused(opened.page, 'textContent'), 'Skip to the content')
  await keyboard.press('Enter')
  await opened.page.waitForURL('**/docs#*')
  await keyboard.press('Tab')
  assert.equal(await focused(opened.page, 'id'), 'language-curl')
  await keyboard.press('ArrowRight')
  assert.equal(await focused(opened.page, 'id'), 'language-python')
  await opened.page.screenshot({ path: screenshot('docs-keyboard') })
  const reached = new Set<string>()
  for (let presses = 0; presses < 40; presses++) {
    await keyboard.press('Tab')
    reached.add(await focused(opened.page, 'ariaLabel'))
  }
  for (const title of ['Get a token', 'Call the API', 'Keep a token fresh', 'End a token', 'Check a token']) {
    assert.ok(reached.has(`${title}, Python`), title)
  }
})

test('choosing a language leaves the reader where he was', { skip }, async () => {
  await using opened = await openPage(browser, `${server.latchkey.urls.docs}#get-token`, {
    viewport: { width: 1280, height: 900 },
  })
  const { page } = opened
  const headingTop = () => topOf(page, '#get-token h2')
  const earlier = await headingTop()
  const box = await page.locator('label:has(#language-php)').boundingBox()
  assert.ok(box)
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
  assert.equal(await page.locator('#language-php').isChecked(), true)
  assert.equal(await headingTop(), earlier)
})

test('markup in what the owner writes is shown as text', { skip }, async () => {
  const apiName = `<img src=x onerror="alert(1)"> & 'Friends'`
  const words = '<b>Everything</b> </td><script>alert(1)</script>'
  await using hostile = await startServer({ apiName, scopes: { '<i>all</i>': words } })
  await using opened = await openPage(browser, hostile.latchkey.urls.docs)
  const { page, complaints } = opened
  assert.deepEqual(complaints, [])
  assert.equal(await page.locator('.brand').textContent(), apiName)
  assert.equal(await page.title(), `How to authenticate · ${apiName}`)
  assert.equal(await page.locator('#scopes tbody th').textContent(), '<i>all</i>')
  assert.equal(await page.locator('#scopes tbody td').textContent(), words)
  assert.equal(await page.locator('img, script, b, i').count(), 0)
})

test('a long name and many long scopes stay within a narrow screen', { skip }, async () => {
  const scopes = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`${'very-long-scope:'.repeat(5)}${index}`, 'x'.repeat(200)]),
  )
  await using long = await startServer({ apiName: 'W'.repeat(120), scopes })
  await using opened = await openPage(browser, long.latchkey.urls.docs, {
    viewport: { width: 320, height: 640 },
  })
  await opened.page.screenshot({ path: screenshot('docs-long'), fullPage: true })
  assert.equal(await opened.page.evaluate('document.documentElement.scrollWidth'), 320)
})

/** From the top of the window, in px. */
async function topOf(page: Page, selector: string): Promise<number> {
  const box = await page.locator(selector).boundingBox()
  assert.ok(box, selector)
  return box.y
}

const focused = (page: Page, property: 'id' | 'ariaLabel' | 'textContent'): Promise<string> =>
  page.evaluate(`document.activeElement.${property} ?? ''`)

/** The languages of the snippets that are to be seen. */
const visibleLanguages = (page: Page): Promise<string[]> =>
  page.evaluate(`[...new Set([...document.querySelectorAll('figure[class*="in-"]')]
    .filter((figure) => figure.checkVisibility())
    .map((figure) => figure.classList[1]))]`)

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { bundle } from '../runtimes/bundle.ts'
import { expected } from '../runtimes/expected.ts'
import type { runScenario as RunScenario, Setup } from '../runtimes/scenario.ts'
import { startWorld } from '../runtimes/world.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing } from '../support/programs.ts'
import { launchBrowser, openPage } from './browser.ts'

/* The client in a browser: in a page of the API's own origin, in one of another, and in a worker of a page. */
const skip = missing('chromium')
let browser: Browser
let script = ''
before(async () => {
  if (skip) return
  using folder = temporaryFolder()
  await bundle('page.ts', folder.file('page.js'))
  script = readFileSync(folder.file('page.js'), 'utf8')
  browser = await launchBrowser()
})
after(() => browser?.close())

/** What a browser does not let a page do: see a redirect, and send a stream without HTTP/2. */
const expectedInBrowser = {
  ...expected,
  withStream: 'left out',
}

interface Global {
  runScenario: typeof RunScenario
  Worker: new (url: string, options: object) => Worker
}

interface Worker {
  onmessage: (event: { data: unknown }) => void
  onerror: (event: { message: string }) => void
  postMessage(value: unknown): void
}

for (const [where, site] of [
  ["the API's own origin", 'api'],
  ['another origin', 'stranger'],
] as const) {
  test(`a page of ${where} gets tokens, renews them once, and sends them to nobody else`, {
    skip,
  }, async () => {
    await using world = await startWorld()
    await using opened = await openPage(browser, `${world.setup[site]}/page`)
    await opened.page.addScriptTag({ type: 'module', content: script })
    await opened.page.waitForFunction(() => 'runScenario' in globalThis)
    const report = await opened.page.evaluate(
      (setup) => (globalThis as unknown as Global).runScenario(setup),
      setupOf(world.setup),
    )
    assert.deepEqual(report, expectedInBrowser)
    assert.deepEqual(opened.complaints.filter(isUncaught), [])
  })
}

test('a worker of a page gets tokens, renews them once, and sends them to nobody else', {
  skip,
}, async () => {
  await using world = await startWorld()
  await using opened = await openPage(browser, `${world.setup.stranger}/page`)
  const listening = `${script}\nonmessage = async ({ data }) => postMessage(await runScenario(data))\n`
  const report = await opened.page.evaluate(
    ([text, setup]) =>
      new Promise((resolve, reject) => {
        const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
        const worker = new (globalThis as unknown as Global).Worker(url, { type: 'module' })
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
        worker.postMessage(setup)
      }),
    [listening, setupOf(world.setup)] as const,
  )
  assert.deepEqual(report, expectedInBrowser)
  assert.deepEqual(opened.complaints.filter(isUncaught), [])
})

/** Failed requests belong to the scenario; an error that nobody caught would be the client's. */
const isUncaught = (complaint: string) => !/^failed: |^Failed to load resource|CORS policy/.test(complaint)

const setupOf = (setup: Setup): Setup => ({ ...setup, canStream: false })

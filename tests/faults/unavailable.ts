import assert from 'node:assert/strict'
import { type NetworkProxy, startProxy } from '../../packages/server/src/store/testing/proxy.ts'
import { temporaryDatabase } from '../support/postgres.ts'

/** A new PostgreSQL database behind a network that can be cut. */
export async function proxiedDatabase(): Promise<AsyncDisposable & { url: string; proxy: NetworkProxy }> {
  const database = await temporaryDatabase()
  const url = new URL(database.url)
  const proxy = await startProxy(Number(url.port))
  url.port = String(proxy.port)
  return {
    url: url.href,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The store's failure, as a program is told it. */
export async function assertUnavailable(response: Response): Promise<void> {
  const text = await unavailableText(response)
  assert.equal(JSON.parse(text).error, 'temporarily_unavailable')
}

/** The store's failure, as a person is told it. */
export async function assertUnavailablePage(response: Response): Promise<void> {
  await unavailableText(response)
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
  assert.equal(response.headers.get('location'), null)
}

async function unavailableText(response: Response): Promise<string> {
  const text = await response.text()
  assert.equal(response.status, 503, text)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  assert.doesNotMatch(text, /postgres|sqlite|ECONN|select |database|127\.0\.0\.1:\d+ /i)
  return text
}

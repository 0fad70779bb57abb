import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'

const origin = 'https://app.example.com'

test('a page of another origin may call every endpoint that a client calls, and read what it answers', async () => {
  await using server = await startServer()
  const { token, revocation, introspection } = server.latchkey.urls
  for (const url of [token, revocation, introspection]) {
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-requested-with',
      },
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/)
    assert.equal(preflight.headers.get('access-control-allow-headers'), '*, authorization')
    const refused = await fetch(url, { method: 'POST', headers: { origin } })
    assert.equal(refused.headers.get('access-control-allow-origin'), '*')
    assert.match(refused.headers.get('access-control-expose-headers') ?? '', /retry-after/)
    assert.equal(refused.headers.get('access-control-allow-credentials'), null)
  }
})

test('no page of another origin reads or calls what a signed-in person sees', async () => {
  await using server = await startServer()
  const { authorization, signIn, account, consent } = server.latchkey.urls
  for (const url of [authorization, signIn, account, consent]) {
    for (const method of ['GET', 'OPTIONS']) {
      const response = await fetch(url, { method, headers: { origin }, redirect: 'manual' })
      assert.equal(response.headers.get('access-control-allow-origin'), null, `${method} ${url}`)
    }
  }
})

test('a browser that goes where there is nothing sees a page, a program reads JSON', async () => {
  await using server = await startServer()
  for (const path of ['/acount', '/account/', '/sign-in/x']) {
    const page = await fetch(`${server.url}${path}`, {
      headers: { accept: 'text/html,application/xhtml+xml', 'accept-language': 'ja' },
    })
    assert.equal(page.status, 404)
    assert.match(page.headers.get('content-type') ?? '', /text\/html/)
    assert.match(await page.text(), /<html lang="ja">/)
    const json = await fetch(`${server.url}${path}`)
    assert.deepEqual([json.status, ((await json.json()) as { error?: string }).error], [404, 'not_found'])
  }
})

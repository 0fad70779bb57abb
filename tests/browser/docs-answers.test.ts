import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'

const policy =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

test('the page lets nothing run, nothing load but its stylesheet, and nobody frame it', async () => {
  await using server = await startServer()
  const page = await fetch(server.latchkey.urls.docs)
  assert.equal(page.status, 200)
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(page.headers.get('content-security-policy'), policy)
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
  assert.doesNotMatch(await page.text(), /<script|<style| style=| on\w+=/)
})

test('the stylesheet is under the issuer, named by its content and kept for a year', async () => {
  await using server = await startServer({ issuer: 'https://id.example.com/auth' })
  const get = (path: string) => server.latchkey.fetch(new Request(`https://id.example.com${path}`))
  const page = await (await get('/auth/docs')).text()
  const href = /<link rel="stylesheet" href="([^"]+)">/.exec(page)?.[1] ?? ''
  assert.match(href, /^\/auth\/assets\/latchkey\.css\?v=[\w-]{12}$/)
  const stylesheet = await get(href)
  assert.equal(stylesheet.status, 200)
  assert.equal(stylesheet.headers.get('content-type'), 'text/css; charset=utf-8')
  assert.equal(stylesheet.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(stylesheet.headers.get('x-content-type-options'), 'nosniff')
})

test('the root of the issuer leads people to the page', async () => {
  await using server = await startServer({ issuer: 'https://id.example.com/auth' })
  for (const path of ['/auth', '/auth/']) {
    const answer = await server.latchkey.fetch(new Request(`https://id.example.com${path}`))
    assert.equal(answer.status, 302)
    assert.equal(answer.headers.get('location'), 'https://id.example.com/auth/docs')
  }
})

test('every address in the table of endpoints is one that the server answers', async () => {
  for (const dialect of ['standard', 'makeleaps', 'realtyna']) {
    await using server = await startServer({ dialect })
    const page = await (await fetch(server.latchkey.urls.docs)).text()
    const rows = [...page.matchAll(/<span class="method">(\w+)<\/span> <code>([^<]+)<\/code>/g)]
    assert.ok(rows.length >= 6)
    for (const [, method = '', url = ''] of rows) {
      const { status } = await fetch(url, { method })
      assert.ok(status !== 404 && status !== 405, `${method} ${url} answers ${status}`)
    }
  }
})

test('the page tells the statuses, the words and the lifetime of the dialect', async () => {
  const dialect = {
    name: 'own',
    routes: [
      {
        kind: 'token',
        method: 'POST',
        paths: ['/api/v3/token'],
        request: { from: ['json'], isBasicAccepted: false, rename: { appid: 'client_id' } },
        answer: {
          'data.token': 'access_token',
          'data.scopes': { list: 'scope' },
          ttl: { lifetime: 'expires_in', unit: 'minutes' },
          kind: { constant: 'access' },
        },
        error: {
          body: { 'error.message': '{error_description}', 'error.code': '{status}' },
          statuses: { unsupported_grant_type: 501 },
        },
      },
    ],
  }
  await using server = await startServer({ dialect, accessTokenLifetime: '5m' })
  const page = (await (await fetch(server.latchkey.urls.docs)).text()).replaceAll('&quot;', '"')
  const statusOf = (code: string) =>
    new RegExp(`id="${code}-title">.*?<span class="status">([^<]+)</span>`, 's').exec(page)?.[1]
  assert.equal(statusOf('unsupported_grant_type'), '501')
  assert.equal(statusOf('invalid_request'), '400, 413, 415')
  assert.match(page, /"error": \{\s+"message": "[^"]+",\s+"code": 401\s+\}/)
  assert.match(page, /"ttl": 5,/)
  assert.match(page, /in minutes\. Every token here lives for 5 minutes\./)
  assert.match(page, /Always <code>"access"<\/code>/)
  assert.match(page, /<dt><code>data\.scopes<\/code><\/dt>/)
  assert.match(page, /as <code>appid<\/code> and <code>client_secret<\/code>/)
  assert.match(page, /\["data"\]\["token"\]/)
})

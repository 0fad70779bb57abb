import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invalidClient, OAuthError, tooManyRequests } from '../base/oauth-error.ts'
import { parseConfig } from '../config/config.ts'
import { errorPage } from './error-page.ts'

const config = parseConfig(
  { issuer: 'https://auth.example.com', audience: 'https://api.example.com' },
  { LATCHKEY_SECRET: 'a secret of the tests and of no one else' },
)
const answer = errorPage({ config })
const ask = (error: OAuthError, language = 'en') =>
  answer(
    error,
    new Request('https://auth.example.com/authorize', { headers: { 'accept-language': language } }),
    { requestId: 'the-request', address: '' },
  )

test('an error is a page in the reader’s language, with its status and the request’s id', async () => {
  const error = new OAuthError('not_found', 'There is nothing at this path.')
  for (const [language, title] of [
    ['en-GB', 'Page not found'],
    ['ja', 'ページが見つかりません'],
  ] as const) {
    const response = await ask(error, language)
    assert.equal(response.status, 404)
    const text = await response.text()
    assert.ok(text.includes(`<html lang="${language.slice(0, 2)}">`))
    assert.ok(text.includes(`<h1>${title}</h1>`))
    assert.ok(text.includes('the-request'))
    assert.ok(text.includes('There is nothing at this path.'))
  }
})

test('68: markup in an error is shown as text', async () => {
  const text = await (await ask(new OAuthError('invalid_request', '<script>alert(1)</script>'))).text()
  assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;'))
  assert.ok(!text.includes('<script'))
})

test('a page never makes the browser ask for a password in its own window', async () => {
  const response = await ask(invalidClient('unknown'))
  assert.equal(response.status, 401)
  assert.equal(response.headers.get('www-authenticate'), null)
})

test('who asks too often reads how long to wait, and so does their browser', async () => {
  const response = await ask(tooManyRequests(90, 'many'))
  assert.equal(response.status, 429)
  assert.equal(response.headers.get('retry-after'), '90')
  assert.match(await response.text(), /Wait 2 minutes, then try again\./)
})

test('why a request was refused stays in the log', async () => {
  const text = await (await ask(new OAuthError('access_denied', 'No.', { reason: 'for the log' }))).text()
  assert.ok(!text.includes('for the log'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html } from 'hono/html'
import { privatePage, redirect } from './layout.ts'

const exchange = { requestId: 'the-request', address: '' }

test('61: a private page is kept by nobody, framed by nobody and loads nothing from elsewhere', async () => {
  const { headers, status } = await privatePage(html`<p>Hello</p>`, exchange)
  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('x-frame-options'), 'DENY')
  assert.equal(headers.get('referrer-policy'), 'same-origin')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('x-request-id'), 'the-request')
  assert.equal(
    headers.get('content-security-policy'),
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  )
})

test('a page whose form may end at a client limits no form, and a script is loaded only where the page says', async () => {
  const options = { mayEndAtClient: true, hasScript: true, referrerPolicy: 'strict-origin' } as const
  const { headers } = await privatePage(html``, exchange, options)
  const policy = headers.get('content-security-policy') ?? ''
  assert.doesNotMatch(policy, /form-action/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.equal(headers.get('referrer-policy'), 'strict-origin')
})

test('a page and a redirect set each cookie by a header of its own', async () => {
  const cookies = ['a=1; Path=/', 'b=2; Path=/']
  const page = await privatePage(html``, exchange, { cookies, status: 429, headers: { 'retry-after': '7' } })
  assert.deepEqual(page.headers.getSetCookie(), cookies)
  assert.equal(page.status, 429)
  assert.equal(page.headers.get('retry-after'), '7')
  const answer = redirect('https://app.example.com/', exchange, { cookies })
  assert.equal(answer.status, 303)
  assert.equal(answer.headers.get('location'), 'https://app.example.com/')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.deepEqual(answer.headers.getSetCookie(), cookies)
})

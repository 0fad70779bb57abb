import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/config.ts'
import { parseSmtpUrl } from './smtp-server-url.ts'

test('smtps is TLS from the start, smtp with credentials insists on STARTTLS', () => {
  const auth = { user: 'john', pass: 'p@ss' }
  const secure = parseSmtpUrl('smtps://john:p%40ss@mail.example.com')
  assert.deepEqual(secure, {
    host: 'mail.example.com',
    port: 465,
    secure: true,
    requireTLS: false,
    ignoreTLS: false,
    auth,
  })
  const upgraded = parseSmtpUrl('smtp://john:p%40ss@mail.example.com')
  assert.deepEqual(upgraded, { ...secure, port: 587, secure: false, requireTLS: true })
})

test('without credentials TLS is used where it is offered, and on loopback it is left out', () => {
  const relay = parseSmtpUrl('smtp://relay.internal')
  assert.deepEqual([relay.port, relay.requireTLS, relay.ignoreTLS], [25, false, false])
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    const local = parseSmtpUrl(`smtp://john:secret@${host}:2525`)
    assert.deepEqual([local.port, local.requireTLS, local.ignoreTLS], [2525, false, true])
  }
  assert.equal(parseSmtpUrl('smtp://[::1]').host, '::1')
})

test('anything else is refused, in words that hold no password', () => {
  const wrong = [
    'mail.example.com',
    'https://john:hidden@mail.example.com',
    'smtp://',
    'smtp://john:hidden@mail.example.com/path',
    'smtp://john:hidden@mail.example.com?pool=true',
    'smtp://john:hidden%zz@mail.example.com',
  ]
  for (const url of wrong) {
    assert.throws(
      () => parseSmtpUrl(url),
      (error) => error instanceof ConfigError && !error.message.includes('hidden'),
      url,
    )
  }
})

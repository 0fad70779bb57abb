import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchRedirectUri, maxRedirectUriLength, parseRedirectUri, RedirectUriError } from './redirect-uri.ts'

const assertTaken = (uri: string) => assert.equal(parseRedirectUri(uri), uri)

function assertRefused(uri: string, words = /The redirect URI cannot be taken\. \w/): void {
  assert.throws(
    () => parseRedirectUri(uri),
    (error) => error instanceof RedirectUriError && words.test(error.message),
    uri,
  )
}

const assertUnmatched = (registered: string, sent: string): void =>
  assert.equal(matchRedirectUri([registered], sent), undefined, sent)

const registered = 'https://allowed.com/callback'

test('https, http on loopback, and a scheme that is a domain name backwards are taken', () => {
  for (const uri of [
    'https://app.example.com/callback',
    'https://app.example.com:8443/a/b.c?tenant=1&x=%2F',
    'https://xn--bcher-kva.example/',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:8080/',
    'http://[::1]:1234/callback',
    'http://localhost:3000/callback',
    'com.example.app:/callback',
    'com.example.app://callback',
  ]) {
    assertTaken(uri)
    assert.equal(matchRedirectUri([uri], uri), uri)
  }
})

test('http elsewhere than on loopback is refused, and the words say what to write', () => {
  for (const uri of ['http://app.example.com/', 'http://127.0.0.2/', 'http://10.0.0.1/cb', 'http://0.0.0.0/'])
    assertRefused(uri, /Write https:/)
})

test('17: a scheme that runs, shows or reads something is refused', () => {
  for (const uri of [
    'javascript:alert(1)',
    'JavaScript://allowed.com/%0aalert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://allowed.com/x',
    'about:blank',
    'myapp:/callback',
    'myapp://callback',
    'mailto:john@example.com',
    'ws://127.0.0.1/',
    'urn:ietf:wg:oauth:2.0:oob',
    'com.example.app:callback',
    'intent.example:opaque',
  ])
    assertRefused(uri)
})

test('an app whose owner wrote something else into the table is not sent there either', () => {
  for (const uri of [
    'javascript:alert(1)',
    'http://evil.com/',
    `https://a.com/${'x'.repeat(maxRedirectUriLength)}`,
  ])
    assertUnmatched(uri, uri)
})

test('what a browser would read as another URI is refused, and the words say how to write it', () => {
  assertRefused('https://app.example.com', /Write it as every browser does: https:\/\/app\.example\.com\/$/)
  assertRefused('https://App.example.com/', /https:\/\/app\.example\.com\//)
  assertRefused('https://app.example.com:443/', /https:\/\/app\.example\.com\//)
  assertRefused('http://127.1/')
  assertRefused('https:app.example.com/')
})

test('a URI as long as the limit is taken, one character more is refused', () => {
  const base = 'https://app.example.com/'
  assertTaken(base.padEnd(maxRedirectUriLength, 'x'))
  assertRefused(base.padEnd(maxRedirectUriLength + 1, 'x'), /2000/)
})

test('a query that holds a parameter of the answer is refused', () => {
  for (const name of ['code', 'state', 'iss', 'error']) assertRefused(`https://a.com/?${name}=1`, /answer/)
  assertRefused('https://a.com/?%63ode=1', /answer/)
})

test('11: a host that begins like the registered one, and a dot or a star that stands for more, do not match', () => {
  for (const sent of [
    'https://allowed.com.evil.com/callback',
    'https://allowedxcom/callback',
    'https://evil.com/https://allowed.com/callback',
    'https://sub.allowed.com/callback',
    'http://allowed.com/callback',
    'https://allowed.com:8443/callback',
    'https://allowed.com:443/callback',
  ])
    assertUnmatched(registered, sent)
  assertRefused('https://*.allowed.com/callback', /wildcard/)
  assertUnmatched('https://*.allowed.com/callback', 'https://a.allowed.com/callback')
  assertUnmatched('https://*.allowed.com/callback', 'https://*.allowed.com/callback')
})

test('12: user info, backslashes, tabs and too many slashes do not match and cannot be registered', () => {
  for (const sent of [
    'https://allowed.com@evil.com/callback',
    'https://user:pass@allowed.com/callback',
    'https://@allowed.com/callback',
    'https://evil.com\\@allowed.com/callback',
    'https:\\\\allowed.com/callback',
    'https://allowed.com\\callback',
    'https:///allowed.com/callback',
    '///allowed.com/callback',
    '//allowed.com/callback',
    'https://allowed.com/call\tback',
    'https://allowed.com/callback\n',
    ' https://allowed.com/callback',
    'https://allowed.com/callback%0d%0aset-cookie:x',
    'https://allowed.com/callback\0',
    'https://ällowed.com/callback',
  ]) {
    assertRefused(sent)
    assertUnmatched(registered, sent)
    assertUnmatched(sent, sent)
  }
})

test('13: dot segments, plain, encoded, encoded twice or behind a semicolon, do not match and cannot be registered', () => {
  for (const sent of [
    'https://allowed.com/callback/../callback',
    'https://allowed.com/callback/..',
    'https://allowed.com/./callback',
    'https://allowed.com/x/%2e%2e/callback',
    'https://allowed.com/x/.%2E/callback',
    'https://allowed.com/x%2fcallback',
    'https://allowed.com/x%5c..%5ccallback',
    'https://allowed.com/%252e%252e/callback',
    'https://allowed.com/%252fcallback',
    'https://allowed.com/x/..;/callback',
    'com.example.app:/x/../callback',
  ]) {
    assertRefused(sent)
    assertUnmatched(registered, sent)
  }
})

test('14: another case does not match, in scheme, host or path', () => {
  for (const sent of [
    'HTTPS://allowed.com/callback',
    'https://Allowed.com/callback',
    'https://allowed.com/Callback',
    'https://allowed.com/%63allback',
  ])
    assertUnmatched(registered, sent)
})

test('15: an added query, fragment, slash or segment does not match', () => {
  for (const added of ['?', '?a=b', '#', '#a', '/', '/more', ';a=b', '%20'])
    assertUnmatched(registered, registered + added)
  assertUnmatched('https://allowed.com/callback?a=b', 'https://allowed.com/callback?a=b&c=d')
  assertUnmatched('https://allowed.com/callback?a=b', registered)
})

test('16: the port of a loopback URI may vary; scheme, host, path and query may not', () => {
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
    const uri = `http://${host}:3000/callback?a=b`
    for (const port of ['', ':80', ':1', ':65535']) {
      const sent = `http://${host}${port}/callback?a=b`
      assert.equal(matchRedirectUri([uri], sent), sent)
      assert.equal(matchRedirectUri([`http://${host}/callback?a=b`], sent), sent)
    }
    for (const sent of [
      `https://${host}:3000/callback?a=b`,
      `http://${host}:3000/callback`,
      `http://${host}:3000/other?a=b`,
      `http://${host}:3000/callback?a=c`,
      `http://${host}:65536/callback?a=b`,
      `http://${host}:03000/callback?a=b`,
      `http://${host}:/callback?a=b`,
      `http://${host}:3000@evil.com/callback?a=b`,
      `http://${host}:3000:1/callback?a=b`,
      `http://127.0.0.2:3000/callback?a=b`,
    ])
      assertUnmatched(uri, sent)
  }
  assertUnmatched('http://127.0.0.1/callback', 'http://localhost/callback')
  assertUnmatched('https://localhost/callback', 'https://localhost:8443/callback')
})

test('20: a host that only begins with a loopback name is no loopback', () => {
  for (const host of [
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    'evil-localhost',
    '[::1].evil.com',
    'localhost.',
  ]) {
    assertRefused(`http://${host}/callback`)
    assertUnmatched('http://localhost/callback', `http://${host}/callback`)
    assertUnmatched('http://127.0.0.1/callback', `http://${host}/callback`)
  }
})

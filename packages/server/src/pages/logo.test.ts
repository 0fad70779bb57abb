import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Config, parseConfig } from '../config/config.ts'
import { logoAsset } from './assets.ts'
import { logoUrl, maxLogoBytes } from './logo.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-logo-'))
after(() => rmSync(folder, { recursive: true }))

const exchange = { requestId: 'test', address: '' }

function configWith(name: string, content?: string): Config {
  const logo = join(folder, name)
  if (content !== undefined) writeFileSync(logo, content)
  return parseConfig(
    { issuer: 'https://auth.example.com/oauth', audience: 'https://api.example.com', logo },
    { LATCHKEY_SECRET: 'a secret of the tests and of no one else' },
  )
}

test('a logo is served under a URL that changes with its content', async () => {
  const first = configWith('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
  const url = logoUrl(first)
  assert.match(url ?? '', /^\/oauth\/assets\/logo\?v=[\w-]{12}$/)
  assert.notEqual(logoUrl(configWith('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>')), url)
  const response = await logoAsset(first)?.(new Request('https://auth.example.com'), exchange)
  assert.equal(response?.headers.get('content-type'), 'image/svg+xml')
  assert.equal(response?.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(await response?.text(), '<svg xmlns="http://www.w3.org/2000/svg"/>')
})

test('68: an SVG that is opened by itself runs no script', async () => {
  const config = configWith('script.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
  const response = await logoAsset(config)?.(new Request('https://auth.example.com'), exchange)
  const policy = response?.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /(^|; )sandbox(;|$)/)
})

test('without a logo there is nothing to serve', () => {
  const config = parseConfig(
    { issuer: 'https://auth.example.com', audience: 'https://api.example.com' },
    { LATCHKEY_SECRET: 'a secret of the tests and of no one else' },
  )
  assert.equal(logoUrl(config), undefined)
  assert.equal(logoAsset(config), undefined)
})

for (const [name, content, message] of [
  ['missing.svg', undefined, /^logo: .*missing\.svg cannot be read/],
  ['logo.gif', 'GIF89a', /^logo: .*logo\.gif` is not taken\. Write the path of an \.svg/],
  ['large.png', 'x'.repeat(maxLogoBytes + 1), /^logo: .*large\.png is larger than 256 kB/],
] as const) {
  test(`a logo that cannot be shown is refused in words: ${name}`, () => {
    const config = configWith(name, content)
    assert.throws(() => logoAsset(config), { name: 'ConfigError', message })
  })
}

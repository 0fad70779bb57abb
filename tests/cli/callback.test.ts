import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { codeChallenge, verifier } from '../support/connection.ts'
import { type Dev, startDev } from '../support/dev.ts'
import { Person, signInAndAllow } from '../support/person.ts'
import { missing } from '../support/programs.ts'

const run = promisify(execFile)
let dev: Dev

before(async () => {
  dev = await startDev()
})

after(() => dev[Symbol.asyncDispose]())

/** A person allows an app; its callback page is what they see. */
async function comeBack(clientId: string, more: Record<string, string> = {}): Promise<URL> {
  const { endpoints, public_client, users } = dev.description
  const [{ username = '', password = '' } = {}] = users
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: public_client?.redirect_uri ?? '',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...more,
  }
  const authorizationUrl = `${endpoints.authorization}?${new URLSearchParams(query)}`
  return signInAndAllow({ authorizationUrl, username, password, person: new Person() })
}

const pageOf = async (answer: Promise<Response>): Promise<string> => {
  const response = await answer
  assert.equal(response.status, 200)
  return response.text()
}

/** The command as a reader copies it, with their own verifier. */
const commandOf = (page: string): string =>
  (/<pre[^>]*><code>(.*?)<\/code>/s.exec(page)?.[1] ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll('YOUR_VERIFIER', verifier)

for (const app of ['demo-app', 'demo-spa']) {
  test(`the page that ${app} comes back to shows the command that exchanges its code`, {
    skip: missing('curl'),
  }, async () => {
    const command = commandOf(await pageOf(fetch(await comeBack(app))))
    assert.equal(command.includes(dev.description.client.client_secret), app === 'demo-app')
    const { stdout } = await run('sh', ['-c', command])
    assert.match(stdout, /"access_token":"[^"]+"/)
  })
}

test('the page takes an answer that comes as a form', async () => {
  const back = await comeBack('demo-app', { response_mode: 'form_post' })
  const page = await pageOf(
    fetch(`${back.origin}${back.pathname}`, { method: 'POST', body: back.searchParams }),
  )
  assert.ok(commandOf(page).includes(back.searchParams.get('code') ?? '?'))
})

test('the page shows what came as text, and tells nobody of its address', async () => {
  const { client, public_client } = dev.description
  assert.equal(public_client?.redirect_uri, client.redirect_uri)
  const query = new URLSearchParams({ error: 'access_denied', error_description: '<b>No</b>' })
  const answer = await fetch(`${client.redirect_uri}?${query}`)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const page = await answer.text()
  assert.match(page, /<code>access_denied<\/code>/)
  assert.match(page, /&lt;b&gt;No&lt;\/b&gt;/)
  assert.doesNotMatch(page, /curl|<b>/)
})

test('what was not made here is no part of a command that somebody pastes', async () => {
  const { redirect_uri } = dev.description.client
  const letters = 'a'.repeat(52)
  for (const code of ['$(id)', "' ; id #", `${letters}\n id`, letters.slice(1), letters]) {
    const query = new URLSearchParams({ code })
    assert.doesNotMatch(await pageOf(fetch(`${redirect_uri}?${query}`)), /curl/)
  }
  assert.equal((await fetch(`${redirect_uri}?code=a&code=b`)).status, 400)
})

test('the page says that it is in English, whatever the browser asks for', async () => {
  const { redirect_uri } = dev.description.client
  const page = await pageOf(fetch(`${redirect_uri}`, { headers: { 'accept-language': 'ja' } }))
  assert.match(page, /<html lang="en">/)
})

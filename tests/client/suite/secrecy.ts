import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { authorizationCode, memoryStore, post, type TokenError } from '@latchkey/client'
import { type Fault, garbage, unavailable } from '../fault-proxy.ts'
import { tokenLifetimeSeconds } from '../servers/authorization-server.ts'
import { failureOf, hasty, type Start, setScene } from './scene.ts'

const faults: [words: string, faults: Fault[]][] = [
  ['a server that quotes all that it was sent', [{ kind: 'quote' }]],
  ['a connection that breaks', Array(3).fill({ kind: 'cut' })],
  ['silence', Array(3).fill({ kind: 'silence' })],
  ['503', Array(3).fill(unavailable)],
  ['a page in place of a token', Array(3).fill(garbage)],
  ['a redirect', [{ kind: 'answer', status: 302, headers: { location: 'https://example.com/' } }]],
]

/** What errors tell to whoever logs them. */
export function testSecrecy(name: string, start: Start): void {
  for (const [words, those] of faults)
    test(`no secret is in an error that comes of ${words} (${name})`, async (context) => {
      await using scene = await setScene(context, start)
      const { server } = scene
      const [store, answer] = [memoryStore(), await server.makeCode()]
      const thrown: TokenError[] = []
      const failWith = async (work: () => Promise<unknown>) => {
        server.proxy.next(...those)
        thrown.push(await failureOf(work()))
      }
      await failWith(() => scene.client(hasty).getToken())
      await failWith(() => scene.client({ ...hasty, ...server.postApp, auth: post() }).getToken())
      await failWith(() => scene.client({ ...hasty, grant: authorizationCode(answer) }).getToken())
      const { client } = await scene.connected({ ...hasty, store })
      const accessToken = await client.getToken()
      const { refreshToken } = JSON.parse((await store.get()) ?? '')
      scene.pass(tokenLifetimeSeconds + 1)
      await failWith(() => client.getToken())
      const secrets = {
        ...secretsOf(server.app),
        ...secretsOf(server.postApp),
        code: answer.code,
        verifier: answer.codeVerifier,
        accessToken,
        refreshToken,
      }
      for (const error of [...thrown, ...scene.failures.map(({ error }) => error)])
        assertHoldsNone(error, secrets)
    })
}

function secretsOf({ clientId, clientSecret }: { clientId: string; clientSecret: string }) {
  const pair = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  return { [`secret of ${clientId}`]: clientSecret, [`header of ${clientId}`]: pair }
}

function assertHoldsNone(error: TokenError, secrets: Record<string, string>): void {
  const ways = [
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
    error.stack,
  ]
  for (const text of ways)
    for (const [secret, value] of Object.entries(secrets))
      for (const written of [value, encodeURIComponent(value)])
        assert.ok(!text?.includes(written), `the ${secret} is in ${text?.replaceAll(written, '<HERE>')}`)
}

// Worker processes of one app that share a person's connection: its tokens are in PostgreSQL, and one process renews them
// for all. Start as many as you like.
//
//   DATABASE_URL=postgres://… LATCHKEY_CLIENT_SECRET=… LATCHKEY_REFRESH_TOKEN=… npx node examples/client-worker.ts
//
// DATABASE_URL is the URL of a PostgreSQL database that is there, as in postgres://user:password@127.0.0.1/app; the table is
// made. `latchkey dev` prints the secret in its line "App". Open its line "Sign in" for a refresh token: the page that you
// come back to shows the command that answers with one. It is used once; whatever follows it is in the database.
import { setTimeout as delay } from 'node:timers/promises'
import { createTokenClient, refreshToken, TokenError } from '@latchkey/client'
import { openSqlStores } from './sql-store.ts'

const api = process.env.LATCHKEY_API ?? 'http://127.0.0.1:3000/api'
const everyMs = Number(process.env.EVERY_MS ?? 1000)
const stores = await openSqlStores(process.env.DATABASE_URL ?? 'postgres://127.0.0.1/app')

const client = createTokenClient({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-app',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
  grant: refreshToken(process.env.LATCHKEY_REFRESH_TOKEN),
  origins: [new URL(api).origin],
  store: stores.store('person:7'),
  onRenew: ({ grantType }) => log(`renewed: ${grantType ?? 'by another process'}`),
  onError: ({ code }, { hasToken }) => log(`not renewed: ${code}, ${hasToken ? 'going on' : 'waiting'}`),
})

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())

while (!stopped.signal.aborted) {
  try {
    const answer = await client.fetch(`${api}/whoami`)
    log(`${answer.status} ${await answer.text()}`)
  } catch (error) {
    // What passes is tried again; without a connection there is nothing more to do.
    const isPassing = !(error instanceof TokenError) || error.isPassing
    log(`failed: ${error instanceof Error ? error.message : error}`)
    if (!isPassing) {
      process.exitCode = 1
      break
    }
  }
  await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => {})
}
await stores.close()

function log(line: string): void {
  process.stdout.write(`${process.pid} ${line}\n`)
}

import { Writable } from 'node:stream'
import {
  type ConfigInput,
  createLatchkey,
  type Latchkey,
  type LatchkeyOptions,
  listen,
} from '@latchkey/server'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { registerApp } from '../../packages/server/src/clients/registration.ts'
import { temporaryFolder } from './folder.ts'

export const testSecret = 'a secret of the tests and of no one else'

export interface TestServer extends AsyncDisposable {
  latchkey: Latchkey
  /** Its issuer. */
  url: string
  client: { id: string; secret: string }
  resourceServer: { id: string; secret: string }
  /** What it logged so far, a JSON line an entry. */
  log(): string
}

export interface TestServerOptions extends Partial<ConfigInput> {
  clock?: LatchkeyOptions['clock']
  /** More of the environment, as `SMTP_URL`. */
  environment?: LatchkeyOptions['environment']
}

/** A server in this process, on a port of its own, with a confidential client (scope `read write`) and a resource server. */
export async function startServer({
  clock,
  environment,
  ...input
}: TestServerOptions = {}): Promise<TestServer> {
  const folder = temporaryFolder()
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${listener.port}`
  const lines: string[] = []
  const logDestination = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const config = {
    issuer: url,
    audience: `${url}/api`,
    database: `sqlite:${folder.file('latchkey.db')}`,
    scopes: { read: 'Read', write: 'Write' },
    ...input,
  }
  const latchkey = await createLatchkey(config, {
    environment: { LATCHKEY_SECRET: testSecret, ...environment },
    logDestination,
    migrate: true,
    ...(clock ? { clock } : {}),
  }).catch(async (error) => {
    await listener.close()
    throw error
  })
  listener.serve(latchkey.fetch)
  const parts = { store: latchkey.store, clock: clock ?? systemClock }
  const client = await registerApp(parts, { name: 'App', type: 'confidential', scope: 'read write' }, 'test')
  const resourceServer = await registerApp(
    parts,
    { name: 'API', type: 'resource_server', scope: '', audience: latchkey.config.audience },
    'test',
  )
  return {
    latchkey,
    url,
    client: { id: client.id, secret: client.secret ?? '' },
    resourceServer: { id: resourceServer.id, secret: resourceServer.secret ?? '' },
    log: () => lines.join(''),
    async [Symbol.asyncDispose]() {
      latchkey.stop()
      await listener.close()
      await latchkey.close()
      folder[Symbol.dispose]()
    },
  }
}

/** An `Authorization` header of RFC 7617. */
export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

/** Posts a form, with Basic credentials where a client is given. */
export function postForm(
  url: string,
  parameters: Record<string, string>,
  client?: { id: string; secret: string },
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: client ? { authorization: basic(client.id, client.secret) } : {},
    body: new URLSearchParams(parameters),
  })
}

/** Gets a token by client credentials, or fails. */
export async function getToken(server: TestServer, parameters: Record<string, string> = {}): Promise<string> {
  const response = await postForm(
    server.latchkey.urls.token,
    { grant_type: 'client_credentials', ...parameters },
    server.client,
  )
  const body = (await response.json()) as { access_token?: string }
  if (body.access_token === undefined) throw new Error(`No token: ${response.status} ${JSON.stringify(body)}`)
  return body.access_token
}

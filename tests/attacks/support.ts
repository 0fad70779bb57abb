import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { type NewApp, registerApp } from '../../packages/server/src/clients/registration.ts'
import type { AuditEvent } from '../../packages/server/src/store/audit-events.ts'
import { postForm, type TestServer } from '../support/server.ts'

export interface Asked {
  authorization?: string
  /** A text is sent as it is; pairs are form-encoded, twice stays twice. */
  body?: string | [name: string, value: string][]
  headers?: Record<string, string>
  url?: string
}

export interface Answer {
  status: number
  text: string
  headers: Headers
  json: Record<string, unknown>
}

/** Asks the token endpoint, or another URL, with a form. */
export async function ask(server: TestServer, { url, authorization, body = [], headers }: Asked) {
  const response = await fetch(url ?? server.latchkey.urls.token, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization === undefined ? {} : { authorization }),
      ...headers,
    },
    body: typeof body === 'string' ? body : new URLSearchParams(body).toString(),
  })
  return readAnswer(response)
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: text === '' ? {} : parse(text) }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** The form of a client that asks for a token for itself. */
export const grant: [string, string] = ['grant_type', 'client_credentials']

/** Opaque tokens that the server issued: each is a row. */
export async function countIssued({ latchkey }: TestServer): Promise<number> {
  return (await latchkey.store.database.kysely.selectFrom('opaque_tokens').select('id').execute()).length
}

/** The request is refused with this code, and no token came of it. */
export async function assertRefused(server: TestServer, asked: Asked, status: number, error: string) {
  const before = await countIssued(server)
  const answer = await ask(server, asked)
  assert.deepEqual([answer.status, answer.json.error], [status, error], JSON.stringify(asked))
  assert.equal(answer.json.access_token, undefined)
  assert.equal(await countIssued(server), before)
  return answer
}

export async function assertIssued(server: TestServer, asked: Asked): Promise<string> {
  const answer = await ask(server, asked)
  assert.equal(answer.status, 200, `${JSON.stringify(asked)} ${answer.text}`)
  return String(answer.json.access_token)
}

/** What a public app must have to be registered. */
const redirectUris = ['https://app.example.com/callback']

export async function register(server: TestServer, app: Partial<NewApp> = {}, clock = systemClock) {
  const parts = { store: server.latchkey.store, clock }
  const { id, secret } = await registerApp(
    parts,
    {
      name: 'App',
      type: 'confidential',
      scope: 'read write',
      ...(app.type === 'public' ? { redirectUris } : {}),
      ...app,
    },
    'test',
  )
  return { id, secret: secret ?? '' }
}

export const event = (action: string, subject: string): AuditEvent => ({
  at: systemClock(),
  actor: 'test',
  action,
  subject,
})

/** Makes the server look at its store now, in place of at the next interval of its watch. */
export async function catchUp({ url }: TestServer): Promise<void> {
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
}

export async function introspect(
  { latchkey, resourceServer }: TestServer,
  token: string,
  caller = resourceServer,
): Promise<Answer> {
  return readAnswer(await postForm(latchkey.urls.introspection, { token }, caller))
}

/** Writes bytes to a socket of its own, and gives all that came back until `isEnough`, or the server hung up. */
export async function sendRaw(
  url: string,
  bytes: string | Buffer,
  isEnough: (received: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  let received = ''
  socket.on('data', (text) => {
    received += text
    if (isEnough(received)) socket.destroy()
  })
  const over = closed(socket)
  socket.write(bytes)
  await over
  return received
}

/** Resolves when the connection is over, however it ended. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()))

/** A whole request, which ends its connection. */
export function rawRequest(requestLine: string, headers: readonly string[] = [], body = ''): string {
  const lines = [`${requestLine} HTTP/1.1`, 'host: 127.0.0.1', 'connection: close', ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** The header line of a form, for a raw request. */
export const formType = 'content-type: application/x-www-form-urlencoded'

export const statusOf = (received: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1])

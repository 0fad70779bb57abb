import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { RevocationEntry } from '../revocations.ts'
import { makeKey, makeSharedKey, type SigningKey, signJwt } from './tokens.ts'

/** A status to answer with, no answer at all, a connection that is cut, or a body of one's own. */
export type Fault = number | 'hang' | 'cut' | ((request: IncomingMessage, response: ServerResponse) => void)

export type Path = '/metadata' | '/jwks' | '/verification-keys' | '/introspect' | '/revocations'

const holdMs = 20_000
const realPaths: Record<string, Path> = { '/.well-known/oauth-authorization-server': '/metadata' }

/** A small authorization server on loopback that speaks docs/protocol.md and fails on command. */
export async function startServer() {
  const server = new TestServer()
  await server.listen()
  return server
}

export class TestServer {
  readonly audience = 'https://api.example.com'
  readonly clientId = 'the-api'
  readonly clientSecret = 'a-secret-of-the-api'
  issuer = ''
  keys: SigningKey[] = [makeKey('ES256')]
  sharedKeys: SigningKey[] = [makeSharedKey()]
  /** What the metadata says besides, or instead. */
  metadata: Record<string, unknown> = {}
  epoch = 0
  pageEntries = 1_000
  readonly #http = createServer((request, response) => void this.#answer(request, response))
  readonly #counts = new Map<Path, number>()
  readonly #faults = new Map<Path, Fault>()
  readonly #opaque = new Map<string, object>()
  #entries: RevocationEntry[] = []
  #feedId = randomUUID()
  #waiters = new Set<() => void>()

  async listen(port = 0): Promise<void> {
    this.#http.listen(port, '127.0.0.1')
    await once(this.#http, 'listening')
    this.issuer = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#wake()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  /** What an API's guard needs to be told, and patience for a machine that is busy. */
  get guardOptions() {
    const { issuer, audience, clientId, clientSecret } = this
    return { issuer, audience, clientId, clientSecret, firstSnapshotTimeoutMs: 60_000 }
  }

  count(path: Path): number {
    return this.#counts.get(path) ?? 0
  }

  break(path: Path, fault: Fault): void {
    this.#faults.set(path, fault)
  }

  mend(path: Path): void {
    this.#faults.delete(path)
  }

  claims(claims: object = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: this.issuer,
      sub: 'user-1',
      aud: this.audience,
      client_id: 'client-1',
      jti: randomUUID(),
      iat: now,
      exp: now + 600,
      scope: 'read write',
      ...claims,
    }
  }

  jwt(claims: object = {}, header: object = {}, key: SigningKey | undefined = this.keys[0]): string {
    if (!key) throw new Error('The test server has no key.')
    const plain = { alg: key.algorithm, typ: 'at+jwt', kid: key.kid }
    return signJwt(key, { ...plain, ...header }, this.claims(claims))
  }

  sharedKeyJwt(claims: object = {}): string {
    const [key] = this.sharedKeys
    return this.jwt(claims, { typ: 'JWT', kid: undefined }, key)
  }

  opaque(claims: object = {}): string {
    const token = randomBytes(24).toString('hex')
    this.#opaque.set(token, { active: true, token_type: 'Bearer', username: 'jane', ...this.claims(claims) })
    return token
  }

  /** Ends an opaque token at the server; the feed says nothing. */
  forget(token: string): void {
    this.#opaque.delete(token)
  }

  /** Makes introspection call a token live, whatever it is. */
  remember(token: string, claims: object): void {
    this.#opaque.set(token, { active: true, ...claims })
  }

  revoke(...entries: (Omit<RevocationEntry, 'expires_at'> & { expires_at?: number })[]): void {
    const expires_at = Math.floor(Date.now() / 1000) + 600
    this.#entries.push(...entries.map((entry) => ({ expires_at, ...entry })))
    this.#wake()
  }

  /** A feed that knows no earlier cursor, with only these entries. */
  restartFeed(entries: RevocationEntry[] = []): void {
    this.#feedId = randomUUID()
    this.#entries = entries
    this.#wake()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.issuer)
    const path = realPaths[pathname] ?? (pathname as Path)
    this.#counts.set(path, this.count(path) + 1)
    const fault = this.#faults.get(path)
    if (fault !== undefined) return misbehave(fault, request, response)
    if (path === '/metadata') return send(response, this.#metadata())
    if (path === '/jwks') return send(response, { keys: this.keys.map((key) => key.jwk) })
    if (!this.#isKnown(request)) return send(response, { error: 'invalid_client' }, 401)
    if (path === '/verification-keys') return send(response, { keys: this.sharedKeys.map((key) => key.jwk) })
    if (path === '/introspect') return send(response, await this.#introspect(request))
    if (path === '/revocations') return send(response, await this.#page(searchParams.get('after')))
    send(response, { error: 'not_found' }, 404)
  }

  #metadata() {
    const { issuer } = this
    return {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      introspection_endpoint: `${issuer}/introspect`,
      latchkey_revocations_endpoint: `${issuer}/revocations`,
      latchkey_verification_keys_endpoint: `${issuer}/verification-keys`,
      ...this.metadata,
    }
  }

  #isKnown(request: IncomingMessage): boolean {
    const pair = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64')
    return request.headers.authorization === `Basic ${pair}`
  }

  async #introspect(request: IncomingMessage): Promise<object> {
    const token = new URLSearchParams(await text(request)).get('token') ?? ''
    return this.#opaque.get(token) ?? { active: false }
  }

  async #page(after: string | null): Promise<object> {
    const [feedId, position] = after?.split('/') ?? []
    const isKnown = feedId === this.#feedId
    const start = isKnown ? Number(position) : 0
    if (isKnown && start === this.#entries.length) await this.#news()
    if (isKnown && feedId !== this.#feedId) return this.#page(after)
    const entries = this.#entries.slice(start, start + this.pageEntries)
    const end = start + entries.length
    const cursor = `${this.#feedId}/${end}`
    return { cursor, snapshot: !isKnown, more: end < this.#entries.length, epoch: this.epoch, entries }
  }

  #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiters.add(resolve)
    setTimeout(resolve, holdMs).unref()
    return promise
  }

  #wake(): void {
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
  }
}

function misbehave(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'hang') return
  if (fault === 'cut') return void request.socket.destroy()
  if (typeof fault === 'function') return fault(request, response)
  send(response, { error: 'server_error' }, fault)
}

export function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { AddressInfo } from 'node:net'
import { audience, client, lifetimeSeconds, scope } from '../token/workload.ts'

/**
 * The floor: reads the body, signs the same claims, answers the same JSON, and does nothing else. It checks no client
 * and no parameter.
 */
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const kid = 'bare'
const keySet = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] })
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid })
const signingKey = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const


const handle = async (request) => {
  if (request.url.endsWith('/jwks')) return new Response(keySet, {headers:{'content-type':'application/json'}})
  request.headers.get('authorization')
  await request.text()
  return new Response(issue(), { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
}
const app = new Hono(); app.on('POST', '/token', (c)=>handle(c.req.raw)); app.all('/token', (c)=>handle(c.req.raw)); app.on('GET','/jwks',(c)=>handle(c.req.raw));const server = createServer(getRequestListener(async (r)=>app.fetch(r)))
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`)
})

function issue(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = encode({
    iss: 'http://127.0.0.1',
    sub: client.id,
    aud: audience,
    client_id: client.id,
    iat: now,
    exp: now + lifetimeSeconds,
    jti: randomUUID(),
    scope,
  })
  const input = `${header}.${claims}`
  const signature = sign('sha256', Buffer.from(input), signingKey).toString('base64url')
  return JSON.stringify({
    access_token: `${input}.${signature}`,
    token_type: 'Bearer',
    expires_in: lifetimeSeconds,
    scope,
  })
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

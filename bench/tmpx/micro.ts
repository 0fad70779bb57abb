import { startServer, basic } from '../../tests/support/server.ts'
import { sign, generateKeyPairSync } from 'node:crypto'
await using server = await startServer()
const authorization = basic(server.client.id, server.client.secret)
const h: Record<string,string> = { authorization, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '40' }
const body = 'grant_type=client_credentials&scope=read'
const url = `${server.url}/token`
const request = () => ({ method: 'POST', url, headers: { get: (n: string) => h[n] ?? null }, text: () => Promise.resolve(body) }) as unknown as Request
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
const input = Buffer.alloc(450, 97)
const N = 30000
for (let r = 0; r < 4; r++) {
  let c = process.cpuUsage()
  for (let i = 0; i < N; i++) await server.latchkey.fetch(request())
  c = process.cpuUsage(c)
  let s = process.cpuUsage()
  for (let i = 0; i < N; i++) sign('sha256', input, key)
  s = process.cpuUsage(s)
  console.log('fetch', (c.user + c.system) / N, 'sign', (s.user + s.system) / N)
}

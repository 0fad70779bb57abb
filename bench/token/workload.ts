import { createPublicKey, verify, type webcrypto } from 'node:crypto'

/** What each server is told, so that all issue the same token to the same client. */
export const client = { id: 'bench-client', secret: 'ikqhq2cdu4yyn6yyfxwvd6mhxfhnznqzcw3qkkfz7pwo2a4lm5ya' }
export const audience = 'https://api.example.com'
export const scope = 'read'
export const lifetimeSeconds = 3600

/** RFC 6749 §4.4.2, by a client that authenticates as §2.3.1 says. */
export const headers = {
  authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`,
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
}
export const body = `grant_type=client_credentials&scope=${scope}`

type PublishedKey = webcrypto.JsonWebKey & { kid?: string }

/**
 * Asks a server for a token and checks it as an API would.
 *
 * @throws Error when it is not an ES256 JWT (RFC 9068) of the client, the audience and the scope.
 */
export async function checkAnswer(origin: string, path: string): Promise<void> {
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body })
  const answer = (await response.json()) as Record<string, unknown>
  const keys = (await (await fetch(`${origin}/jwks`)).json()) as { keys: PublishedKey[] }
  const problem =
    response.status === 200 && typeof answer.access_token === 'string'
      ? problemOf(answer.access_token, keys.keys)
      : JSON.stringify(answer)
  if (problem !== undefined) throw new Error(`${origin}${path} gives no good token: ${problem}.`)
}

function problemOf(token: string, keys: PublishedKey[]): string | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { alg, typ, kid } = decode(header)
  const jwk = keys.find((key) => key.kid === kid)
  if (alg !== 'ES256' || typ !== 'at+jwt' || !jwk) return 'its header'
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const signed = Buffer.from(`${header}.${payload}`)
  const isSigned = verify(
    'sha256',
    signed,
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  if (!isSigned) return 'its signature'
  const { aud, client_id, exp, iat, scope: granted } = decode(payload)
  if (aud !== audience || client_id !== client.id || granted !== scope) return 'its claims'
  return Number(exp) - Number(iat) === lifetimeSeconds ? undefined : 'its lifetime'
}

const decode = (part: string) =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>

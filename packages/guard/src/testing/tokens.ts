import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto'
import type { Algorithm } from '../signature.ts'

/** A key that signs, with the JWK that a key server shows of it. */
export interface SigningKey {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly jwk: Record<string, unknown>
  readonly sign: (data: string) => Buffer
}

export function makeKey(algorithm: Exclude<Algorithm, 'HS256'>, kid: string = randomUUID()): SigningKey {
  const { publicKey, privateKey } = makeKeyPair(algorithm)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { algorithm, kid, jwk, sign: (data) => signWith(algorithm, privateKey, data) }
}

export function makeSharedKey(secret: Buffer = randomBytes(32)): SigningKey {
  const jwk = { kty: 'oct', alg: 'HS256', k: secret.toString('base64url') }
  const signWithSecret = (data: string) => createHmac('sha256', secret).update(data).digest()
  return { algorithm: 'HS256', kid: undefined, jwk, sign: signWithSecret }
}

/** A compact JWT with exactly this header and these claims. */
export function signJwt(key: Pick<SigningKey, 'sign'>, header: object, claims: object): string {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${key.sign(signed).toString('base64url')}`
}

export const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function makeKeyPair(algorithm: Algorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function signWith(algorithm: Algorithm, key: KeyObject, data: string): Buffer {
  const bytes = Buffer.from(data)
  if (algorithm === 'ES256') return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
  if (algorithm === 'EdDSA') return sign(null, bytes, key)
  if (algorithm === 'RS256') return sign('sha256', bytes, key)
  return sign('sha256', bytes, { key, padding: 6, saltLength: 32 })
}

import type { ClientAuthentication } from './authentication.ts'
import { base64url } from './encoding.ts'

/** How long an assertion is good for. */
const assertionLifetimeSeconds = 60

/**
 * `private_key_jwt` (RFC 7523 §2.2): a new assertion for each request, signed with a private `CryptoKey` of ECDSA P-256,
 * Ed25519, RSASSA-PKCS1-v1_5 or RSA-PSS. Its moments come from this machine's clock.
 *
 * `audience`: default the issuer, or the token endpoint where that is all there is.
 *
 * @throws TypeError on another key, and on what is none, such as a PEM: `crypto.subtle.importKey` makes one of it.
 */
export function privateKeyJwt(options: {
  key: CryptoKey
  keyId?: string | undefined
  audience?: string | undefined
}): ClientAuthentication {
  const { key, keyId, audience } = options
  const [alg, signing] = signatureOf(key)
  return async ({ parameters, clientId = '', issuer, url }) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: audience ?? issuer ?? url,
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      iat: now,
      exp: now + assertionLifetimeSeconds,
    }
    const signed = `${encodeJson({ alg, kid: keyId })}.${encodeJson(claims)}`
    const signature = await crypto.subtle.sign(signing, key, new TextEncoder().encode(signed))
    parameters.set('client_id', clientId)
    parameters.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    parameters.set('client_assertion', `${signed}.${base64url(new Uint8Array(signature))}`)
  }
}

type Signature = readonly [alg: string, parameters: { name: string; hash?: string; saltLength?: number }]

/** RFC 7518 §3.1, RFC 8037 §3.1; each with SHA-256, as the key says. */
const signatures: Record<string, Signature> = {
  'ECDSA P-256': ['ES256', { name: 'ECDSA', hash: 'SHA-256' }],
  Ed25519: ['EdDSA', { name: 'Ed25519' }],
  'RSASSA-PKCS1-v1_5 SHA-256': ['RS256', { name: 'RSASSA-PKCS1-v1_5' }],
  'RSA-PSS SHA-256': ['PS256', { name: 'RSA-PSS', saltLength: 32 }],
}

function signatureOf(key: CryptoKey): Signature {
  // Whoever writes JavaScript may give anything.
  const { algorithm, type }: Partial<CryptoKey> = Object(key)
  const { name, namedCurve, hash }: { name?: string; namedCurve?: string; hash?: { name: string } } =
    Object(algorithm)
  const found = signatures[[name, namedCurve ?? hash?.name].filter(Boolean).join(' ')]
  if (found && type === 'private') return found
  throw new TypeError(
    'privateKeyJwt: key is a private CryptoKey of ECDSA P-256, Ed25519, or RSA with SHA-256. To make one of a PEM, ' +
      "decode what is between its lines from base64: await crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign']).",
  )
}

const encodeJson = (value: unknown): string => base64url(new TextEncoder().encode(JSON.stringify(value)))

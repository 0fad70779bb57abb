import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { createSeal } from '../../packages/server/src/keys/seal.ts'
import { type TestServer, testSecret } from '../support/server.ts'

export type Json = Record<string, unknown>

/** The key that the server signs with: what a forger would need, and what tells a wrong claim from a wrong signature. */
export async function signingKeyOf({ latchkey }: TestServer): Promise<{ kid: string; key: KeyObject }> {
  const stored = (await latchkey.store.signingKeys.list()).find(({ signs_at }) => signs_at !== null)
  if (!stored) throw new Error('The server has no key in use.')
  const { text } = createSeal([testSecret]).open(`signing key ${stored.id}`, stored.sealed_private_key)
  return { kid: stored.id, key: createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) }
}

export const encodePart = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const decodePart = (part: string | undefined): Json =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString())

export const headerOf = (token: string): Json => decodePart(token.split('.')[0])
export const claimsOf = (token: string): Json => decodePart(token.split('.')[1])

/** Signs with ES256, whatever the header says. */
export function signEs256(header: Json, claims: Json | string, key: KeyObject): string {
  const input = `${encodePart(header)}.${encodePart(claims)}`
  const proof = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${proof.toString('base64url')}`
}

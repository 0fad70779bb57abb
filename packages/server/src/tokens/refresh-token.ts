import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../base/hash.ts'
import { base32 } from '../base/random.ts'

/** Bytes of each of the two tags of a refresh token: 128 bits. */
const tagBytes = 16

/** `key number . connection id . generation . tag`: letters, digits and dots. A tag of 16 bytes has 26 characters. */
const format = /^([a-z2-7]{7})\.([a-z2-7]{26})\.(0|[1-9]\d{0,14})\.([a-z2-7]{26})([a-z2-7]{26})$/

/** What a refresh token is made of. Nothing of it is kept: the row of its connection says the same. */
export interface RefreshTokenParts {
  keyNumber: string
  connectionId: string
  generation: number
}

/** A token whose server tag is right: some key of ours made it, for this connection and generation. */
export interface OpenedRefreshToken extends RefreshTokenParts {
  /** Whether its other tag was made under this seed: the server's key alone forges nothing. */
  isMadeUnder(seed: string): boolean
}

/**
 * Makes and opens refresh tokens. One tag is made under a key of the server's, and checked before any query, so a forgery
 * never reaches the database; the other under the seed of the connection's row, so neither the key nor the database
 * alone is enough to make a token.
 */
export interface RefreshTokens {
  /** The number of the key under which tokens are made now. */
  readonly keyNumber: string
  /** The same parts and seed give the same token. `undefined`: made under a secret that is not known here any more. */
  derive(parts: RefreshTokenParts, seed: string): string | undefined
  /** `undefined`: not a refresh token of this server. Asks no one. */
  open(token: string): OpenedRefreshToken | undefined
}

/** @param secrets newest first, one at least. */
export function createRefreshTokens(secrets: readonly string[]): RefreshTokens {
  const keys = new Map(secrets.map((secret) => [keyNumberOf(secret), deriveKey(secret, 'refresh token')]))
  const keyNumber = keyNumberOf(secrets[0] ?? '')
  return {
    keyNumber,

    derive(parts, seed) {
      const key = keys.get(parts.keyNumber)
      if (!key) return undefined
      const text = textOf(parts)
      return `${text}.${tagOf(key, text)}${tagOf(seed, text)}`
    },

    open(token) {
      const [, number = '', connectionId = '', generation = '', serverTag = '', rowTag = ''] =
        format.exec(token) ?? []
      const key = keys.get(number)
      if (!key) return undefined
      const parts = { keyNumber: number, connectionId, generation: Number(generation) }
      const text = textOf(parts)
      if (!isSame(tagOf(key, text), serverTag)) return undefined
      return { ...parts, isMadeUnder: (seed) => isSame(tagOf(seed, text), rowTag) }
    },
  }
}

/** Tells keys apart, and says nothing about them. */
const keyNumberOf = (secret: string): string =>
  base32(deriveKey(secret, 'refresh token key number')).slice(0, 7)

const textOf = ({ keyNumber, connectionId, generation }: RefreshTokenParts): string =>
  `${keyNumber}.${connectionId}.${generation}`

const tagOf = (key: string | Buffer, text: string): string =>
  base32(createHmac('sha256', key).update(text).digest().subarray(0, tagBytes))

const isSame = (left: string, right: string): boolean =>
  timingSafeEqual(Buffer.from(left), Buffer.from(right))

import { systemClock as clock } from '../base/clock.ts'
import type { Config, Environment } from '../config/config.ts'
import { type KeyRingOptions, openKeyRing, revokeSigningKey, rotateSigningKey } from '../keys/key-ring.ts'
import { createSeal } from '../keys/seal.ts'
import type { StoredSigningKey } from '../store/signing-keys.ts'
import type { Store } from '../store/store.ts'
import { CommandError } from './command-error.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** `latchkey keys list` */
export async function listKeys(options: ConfigOption, environment: Environment): Promise<void> {
  const keys = await withStore(options, environment, (store) => store.signingKeys.list())
  const now = clock()
  for (const key of keys) printLine([key.id, key.algorithm, stateOf(key, keys, now)].join('\t'))
}

/** `latchkey keys rotate` */
export async function rotateKeys(options: ConfigOption, environment: Environment): Promise<void> {
  const rotated = await withStore(options, environment, async (store, config) => {
    const ring = keyRingOptions(store, config)
    await openKeyRing(ring)
    const { longest_lifetime_seconds } = await store.revocations.head()
    return rotateSigningKey(ring, longest_lifetime_seconds, actor)
  })
  if (!rotated) throw new CommandError('Another rotation was first. `latchkey keys list` shows the keys.')
  printLine(`${rotated.kid} signs from ${new Date(rotated.signsAt * 1000).toISOString()}.`)
}

/** `latchkey keys revoke` */
export async function revokeKey(kid: string, options: ConfigOption, environment: Environment): Promise<void> {
  const isRevoked = await withStore(options, environment, (store, config) =>
    revokeSigningKey(keyRingOptions(store, config), kid, actor),
  )
  if (!isRevoked) throw new CommandError(`There is no key ${kid}. \`latchkey keys list\` names them.`)
  printLine(`${kid} is ended, and every token it signed.`)
}

function keyRingOptions(store: Store, config: Config): KeyRingOptions {
  return {
    store: store.signingKeys,
    seal: createSeal(config.secrets),
    algorithm: config.signingAlgorithm,
    clock,
  }
}

function stateOf(key: StoredSigningKey, keys: StoredSigningKey[], now: number): string {
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
  if (key.signs_at === null) return 'next: published, does not sign yet'
  if (key.signs_at > now) return `signs from ${iso(key.signs_at)}`
  const isLatest = keys.every(
    (other) => (other.signs_at ?? 0) <= (key.signs_at ?? 0) || (other.signs_at ?? 0) > now,
  )
  const until = key.expires_at === null ? '' : `, published until ${iso(key.expires_at)}`
  return `${isLatest ? 'signs' : 'signed before'}${until}`
}

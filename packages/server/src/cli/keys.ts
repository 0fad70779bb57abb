import { systemClock as clock } from '../base/clock.ts'
import type { Environment } from '../config/config.ts'
import { type KeyRingOptions, openKeyRing, revokeSigningKey, rotateSigningKey } from '../keys/key-ring.ts'
import { createSeal } from '../keys/seal.ts'
import type { StoredSigningKey } from '../store/signing-keys.ts'
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
  const rotated = await withKeyRing(options, environment, (ring) => rotateSigningKey(ring, actor))
  if (!rotated) throw new CommandError('Another rotation was first. `latchkey keys list` shows the keys.')
  printLine(`${rotated.kid} signs from ${new Date(rotated.signsAt * 1000).toISOString()}.`)
}

/** `latchkey keys revoke` */
export async function revokeKey(kid: string, options: ConfigOption, environment: Environment): Promise<void> {
  const isRevoked = await withKeyRing(options, environment, (ring) => revokeSigningKey(ring, kid, actor))
  if (!isRevoked) throw new CommandError(`There is no key ${kid}. \`latchkey keys list\` names them.`)
  printLine(`${kid} is ended, and every token it signed.`)
}

/** Opens the keys first: under another secret a new key would be one that the server cannot open. */
function withKeyRing<Result>(
  options: ConfigOption,
  environment: Environment,
  work: (ring: KeyRingOptions) => Promise<Result>,
): Promise<Result> {
  return withStore(options, environment, async (store, { secrets, signingAlgorithm: algorithm }) => {
    const { longest_lifetime_seconds: longestLifetimeSeconds } = await store.revocations.head()
    const seal = createSeal(secrets)
    const ring = { store: store.signingKeys, seal, algorithm, clock, longestLifetimeSeconds }
    await openKeyRing(ring)
    return work(ring)
  })
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

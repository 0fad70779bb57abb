const revocationKinds = ['token', 'connection', 'client', 'user', 'api_key', 'signing_key'] as const

/** What an entry of the feed can end. */
export type RevocationKind = (typeof revocationKinds)[number]

/** An entry of the feed, as it is on the wire. */
export interface RevocationEntry {
  readonly kind: RevocationKind
  /** The `jti`, connection, client, subject, API key or `kid`. */
  readonly id: string
  /** Of a token or a connection: its client. */
  readonly client_id?: string | undefined
  /** Of a client or a user: its tokens of a lower epoch are revoked. */
  readonly epoch?: number | undefined
  /** Unix seconds: the last token that it could hit has expired by then. */
  readonly expires_at: number
}

/** One page of the feed, as `docs/protocol.md` describes it, without its cursor. */
export interface RevocationPage {
  /** These entries begin a whole new set. */
  readonly snapshot: boolean
  /** Another page follows at once. */
  readonly more: boolean
  /** A token of a lower epoch is revoked. */
  readonly epoch: number
  readonly entries: readonly RevocationEntry[]
}

/** What a credential is known by to the feed. An absent epoch claim is 0. */
export interface RevocableToken {
  readonly jti: string
  readonly clientId: string
  readonly clientEpoch: number
  readonly subject: string
  readonly userEpoch: number
  readonly epoch: number
  readonly connectionId?: string | undefined
  readonly kid?: string | undefined
  readonly apiKeyId?: string | undefined
}

export interface RevocationSetOptions {
  /** Unix seconds, for forgetting. Default: the system's clock. */
  readonly now?: () => number
  /** Milliseconds that never run backwards, for its age. Default: the system's. */
  readonly monotonicMs?: () => number
  /** Default: 250,000; the server keeps its own feed at 100,000. */
  readonly maxEntries?: number
}

/** The feed holds more than this set takes. Start again from a snapshot, or let the set grow stale. */
export class RevocationSetFull extends Error {
  override readonly name = 'RevocationSetFull'
}

/** How long an entry outlives `expires_at`, in seconds: the most that a guard tolerates in its clock. */
export const forgetMarginSeconds = 300

const defaultMaxEntries = 250_000
/** How many held entries a page looks through, besides one for each of its own, for some to forget. */
const sweepSteps = 1_000

/** Everything that is revoked and not yet expired, in memory: `isRevoked` is a few look-ups. */
export class RevocationSet {
  readonly #now: () => number
  readonly #maxEntries: number
  readonly #monotonicMs: () => number
  #held = new Entries()
  #building: Entries | undefined
  #confirmedAt: number | undefined

  constructor(options: RevocationSetOptions = {}) {
    this.#now = options.now ?? (() => Date.now() / 1000)
    this.#maxEntries = options.maxEntries ?? defaultMaxEntries
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /** Entries that are held, those of a snapshot under way not counted. */
  get size(): number {
    return this.#held.size
  }

  /** The epoch of the whole server. */
  get epoch(): number {
    return this.#held.epoch
  }

  /** Seconds since it was last known to be complete; undefined when whoever fills it does not say. */
  get ageSeconds(): number | undefined {
    return this.#confirmedAt === undefined ? undefined : (this.#monotonicMs() - this.#confirmedAt) / 1000
  }

  /** Says that the set was complete at a moment. Default: this one. */
  confirm(monotonicMs: number = this.#monotonicMs()): void {
    this.#confirmedAt = monotonicMs
  }

  isRevoked(token: RevocableToken): boolean {
    return this.#held.hit(token)
  }

  /**
   * Takes in a page. The pages of a snapshot are gathered aside and replace the set in one step when the last came.
   *
   * @throws RevocationSetFull when there would be more than `maxEntries`. The set stays as it was.
   */
  apply(page: RevocationPage): void {
    // A snapshot that begins again adds to the one under way: too much is refused for a while, never too little.
    if (page.snapshot) this.#building ??= new Entries()
    const target = this.#building ?? this.#held
    this.#makeRoom(target, page.entries.length)
    target.add(page.entries, { dropCovered: target === this.#held })
    if (this.#building === undefined) target.epoch = Math.max(target.epoch, page.epoch)
    else if (!page.more) this.#swap(page.epoch)
    this.#held.forget(this.#now() - forgetMarginSeconds, sweepSteps + page.entries.length)
  }

  #makeRoom(target: Entries, count: number): void {
    if (target.size + count <= this.#maxEntries) return
    target.forget(this.#now() - forgetMarginSeconds, target.size + revocationKinds.length)
    if (target.size + count <= this.#maxEntries) return
    this.#building = undefined
    throw new RevocationSetFull(`The revocation feed holds more than ${this.#maxEntries} entries.`)
  }

  #swap(epoch: number): void {
    if (this.#building === undefined) return
    this.#building.epoch = epoch
    this.#held = this.#building
    this.#building = undefined
  }
}

interface Held {
  /** For a client or a user: lower epochs are revoked. */
  readonly epoch: number
  /** Of a token or a connection. */
  readonly clientId: string | undefined
  readonly expiresAt: number
  /** Rises with each entry, so that what came before a client's new epoch is known. */
  readonly arrival: number
}

class Entries {
  epoch = 0
  readonly #maps = Object.fromEntries(revocationKinds.map((kind) => [kind, new Map()])) as Record<
    RevocationKind,
    Map<string, Held>
  >
  readonly #walk = walk(this.#maps)
  #arrivals = 0

  get size(): number {
    return revocationKinds.reduce((total, kind) => total + this.#maps[kind].size, 0)
  }

  hit(token: RevocableToken): boolean {
    const maps = this.#maps
    return (
      token.epoch < this.epoch ||
      maps.token.has(token.jti) ||
      (token.connectionId !== undefined && maps.connection.has(token.connectionId)) ||
      token.clientEpoch < (maps.client.get(token.clientId)?.epoch ?? 0) ||
      token.userEpoch < (maps.user.get(token.subject)?.epoch ?? 0) ||
      (token.kid !== undefined && maps.signing_key.has(token.kid)) ||
      (token.apiKeyId !== undefined && maps.api_key.has(token.apiKeyId))
    )
  }

  add(entries: readonly RevocationEntry[], options: { dropCovered: boolean }): void {
    const raised = new Map<string, number>()
    for (const entry of entries) {
      if (entry.kind === 'client' && this.#isRise(entry)) raised.set(entry.id, this.#arrivals)
      this.#put(entry)
    }
    if (options.dropCovered && raised.size > 0) this.#dropCovered(raised)
  }

  /** Looks at so many entries, going on where it stopped, and forgets those that expired before `time`. */
  forget(time: number, steps: number): void {
    for (let step = 0; step < steps; step++) {
      const { value } = this.#walk.next()
      if (value === undefined) return
      if (value.held.expiresAt < time) value.map.delete(value.id)
    }
  }

  #isRise(entry: RevocationEntry): boolean {
    return (entry.epoch ?? 0) > (this.#maps.client.get(entry.id)?.epoch ?? 0)
  }

  #put(entry: RevocationEntry): void {
    const before = this.#maps[entry.kind].get(entry.id)
    this.#maps[entry.kind].set(entry.id, {
      epoch: Math.max(entry.epoch ?? 0, before?.epoch ?? 0),
      clientId: entry.client_id,
      expiresAt: Math.max(entry.expires_at, before?.expiresAt ?? 0),
      arrival: this.#arrivals++,
    })
  }

  /**
   * The server raises a client's epoch above every token it issued before, so the tokens and connections that were held by
   * then are covered. Those that came later may be of the new epoch and stay. Only the live feed is known to come in this
   * order.
   */
  #dropCovered(raised: Map<string, number>): void {
    for (const map of [this.#maps.token, this.#maps.connection]) {
      for (const [id, { clientId, arrival }] of map) {
        const raisedAt = clientId === undefined ? undefined : raised.get(clientId)
        if (raisedAt !== undefined && arrival < raisedAt) map.delete(id)
      }
    }
  }
}

/** Goes round and round; undefined marks the end of a round. A map may change under it. */
function* walk(maps: Record<RevocationKind, Map<string, Held>>) {
  for (;;) {
    for (const kind of revocationKinds) {
      const map = maps[kind]
      for (const [id, held] of map) yield { map, id, held }
    }
    yield undefined
  }
}

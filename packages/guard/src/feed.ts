import type { AuthorizationServer } from './authorization-server.ts'
import type { Clock } from './clock.ts'
import { type FeedPage, parseFeedPage } from './feed-page.ts'
import { Unavailable } from './http.ts'
import { pause } from './pause.ts'
import { type RevocationSet, RevocationSetFull } from './revocations.ts'

export interface FeedOptions {
  /** How long, from the start, `whenLoaded` waits. */
  readonly firstSnapshotTimeoutMs: number
  readonly clock: Clock
}

/** The server holds a request for 20 s at most; then a margin for a slow network. */
const pollTimeoutMs = 30_000
const maxPageBytes = 4_194_304
/** A server that answers "nothing new" sooner than this is asked no more often than this. */
const minimumHoldMs = 1_000
const firstBackoffMs = 250
const maxBackoffMs = 10_000

/** Keeps a RevocationSet true by following the server's feed (docs/protocol.md), from `start` until `close`. */
export class RevocationFeed {
  readonly #server: AuthorizationServer
  readonly #set: RevocationSet
  readonly #options: FeedOptions
  readonly #closing = new AbortController()
  readonly #loaded = Promise.withResolvers<void>()
  #firstWait: Promise<void> | undefined
  #cursor: string | undefined
  #freshAt: number | undefined
  #problem: string | undefined

  constructor(server: AuthorizationServer, set: RevocationSet, options: FeedOptions) {
    this.#server = server
    this.#set = set
    this.#options = options
  }

  /** Begins to follow. Called again, it does nothing. */
  start(): void {
    if (this.#firstWait || this.#closing.signal.aborted) return
    this.#firstWait = this.#waitAtFirst()
    void this.#follow()
  }

  /** Waits for the first snapshot, but no longer than `firstSnapshotTimeoutMs` from the start. Says whether it came. */
  async whenLoaded(): Promise<boolean> {
    if (this.#freshAt === undefined) await this.#firstWait
    return this.#freshAt !== undefined
  }

  /** Seconds since the server last said that the set is complete; undefined before the first snapshot. */
  get ageSeconds(): number | undefined {
    return this.#freshAt === undefined
      ? undefined
      : (this.#options.clock.monotonicMs() - this.#freshAt) / 1000
  }

  /** Why the last request failed; undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Ends the request under way, and makes no other. */
  close(): void {
    this.#closing.abort()
  }

  /** This timer keeps the process alive: at start-up nothing else may, while somebody waits. */
  async #waitAtFirst(): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, this.#options.firstSnapshotTimeoutMs)
    this.#closing.signal.addEventListener('abort', () => timeout.resolve(), { once: true })
    await Promise.race([this.#loaded.promise, timeout.promise])
    clearTimeout(timer)
  }

  async #follow(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      try {
        await this.#turn()
        failures = 0
        this.#problem = undefined
      } catch (error) {
        // The server's feed is smaller than the set, unless something is wrong with one of them.
        if (error instanceof RevocationSetFull) this.#cursor = undefined
        this.#problem = explain(error)
        failures += 1
        await pause(backoffMs(failures))
      }
    }
  }

  async #turn(): Promise<void> {
    const askedAt = this.#options.clock.monotonicMs()
    const page = await this.#ask()
    if (this.#cursor === undefined && !page.snapshot)
      throw new Unavailable('the feed did not start with a snapshot')
    if (page.more && page.entries.length === 0)
      throw new Unavailable('the feed promised more and gave nothing')
    this.#set.apply(page)
    const isNews = page.cursor !== this.#cursor
    this.#cursor = page.cursor
    if (page.more) return
    this.#freshAt = this.#options.clock.monotonicMs()
    this.#loaded.resolve()
    if (!isNews && this.#freshAt - askedAt < minimumHoldMs) await pause(minimumHoldMs)
  }

  async #ask(): Promise<FeedPage> {
    const { revocations } = await this.#server.endpoints()
    if (revocations === undefined) throw new Unavailable('the issuer has no revocation feed')
    const url = new URL(revocations)
    if (this.#cursor !== undefined) url.searchParams.set('after', this.#cursor)
    const limits = { maxBytes: maxPageBytes, timeoutMs: pollTimeoutMs, signal: this.#closing.signal }
    return parseFeedPage(
      await this.#server.ask(url.href, { ...limits, authenticated: true, background: true }),
    )
  }
}

const explain = (error: unknown): string =>
  error instanceof Unavailable || error instanceof RevocationSetFull
    ? error.message
    : 'the feed was not understood'

/** Doubles each time; the random half keeps many guards from asking in step after an outage. */
function backoffMs(failures: number): number {
  const whole = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 10))
  return whole / 2 + Math.random() * (whole / 2)
}

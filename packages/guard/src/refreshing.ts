import type { Clock } from './clock.ts'
import { Unavailable } from './http.ts'
import { pause } from './pause.ts'

export interface RefreshLimits {
  /** A value older than this is loaded again when it is next needed. */
  readonly maxAgeMs: number
  /** The least time between two loads that somebody asked for by `renewed`. */
  readonly coolDownMs: number
  /** How long a caller who could have a stale value waits for a new one. */
  readonly patienceMs: number
}

/** The least time between a failed load and the next. */
const failureCoolDownMs = 2_000

/**
 * A value of the authorization server's that is kept: loaded when first needed, by one request however many ask, and
 * served stale while the server cannot be reached.
 */
export class Refreshing<Value> {
  readonly #load: (previous: Value | undefined) => Promise<Value>
  readonly #limits: RefreshLimits
  readonly #clock: Clock
  #value: Value | undefined
  #loadedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #failure: Unavailable | undefined
  /** Rises with each {@link forget}, so that a load which began before it does not bring back what was dropped. */
  #generation = 0
  #flight: { readonly done: Promise<void>; readonly patience: Promise<void> } | undefined

  constructor(load: (previous: Value | undefined) => Promise<Value>, limits: RefreshLimits, clock: Clock) {
    this.#load = load
    this.#limits = limits
    this.#clock = clock
  }

  /** What is held, fresh or stale, without loading anything. */
  get value(): Value | undefined {
    return this.#value
  }

  /** Why the last load failed; undefined when it succeeded. */
  get failure(): Unavailable | undefined {
    return this.#failure
  }

  /** Seconds since the value was loaded; undefined before it was. */
  get ageSeconds(): number | undefined {
    if (this.#value === undefined) return undefined
    return (this.#clock.monotonicMs() - this.#loadedAt) / 1000
  }

  get isFresh(): boolean {
    return this.#clock.monotonicMs() - this.#loadedAt < this.#limits.maxAgeMs
  }

  /** The value, loaded when there is none or it is old; a stale one when that fails; undefined when there is none. */
  async current(): Promise<Value | undefined> {
    if (this.isFresh) return this.#value
    return this.#refresh(failureCoolDownMs)
  }

  /**
   * The value, loaded again because something is missing in it: at most once in each cool-down, whoever asks. The stale one
   * is of no use to who misses something, so they wait for the load to end.
   */
  async renewed(): Promise<Value | undefined> {
    await this.#refresh(this.#failure ? failureCoolDownMs : this.#limits.coolDownMs)
    await this.#flight?.done
    return this.#value
  }

  /** The value, or the reason that there is none. @throws Unavailable */
  async required(): Promise<Value> {
    const value = await this.current()
    if (value !== undefined) return value
    throw this.#failure ?? new Unavailable('not loaded yet')
  }

  /** Drops the value: it is not to be served any more, not even stale. */
  forget(): void {
    this.#generation += 1
    this.#value = undefined
    this.#flight = undefined
    this.#loadedAt = Number.NEGATIVE_INFINITY
    this.#triedAt = Number.NEGATIVE_INFINITY
  }

  async #refresh(coolDownMs: number): Promise<Value | undefined> {
    if (!this.#flight && this.#clock.monotonicMs() - this.#triedAt >= coolDownMs) this.#flight = this.#start()
    await (this.#value === undefined ? this.#flight?.done : this.#flight?.patience)
    return this.#value
  }

  #start() {
    const done = this.#run()
    return { done, patience: Promise.race([done, pause(this.#limits.patienceMs)]) }
  }

  async #run(): Promise<void> {
    const generation = this.#generation
    const outcome = await this.#attempt()
    if (generation !== this.#generation) return
    this.#failure = outcome.failure
    this.#triedAt = this.#clock.monotonicMs()
    this.#flight = undefined
    if (outcome.failure) return
    this.#value = outcome.value
    this.#loadedAt = this.#triedAt
  }

  async #attempt(): Promise<{ value: Value; failure?: undefined } | { failure: Unavailable }> {
    try {
      return { value: await this.#load(this.#value) }
    } catch (error) {
      const failure = error instanceof Unavailable ? error : new Unavailable('the answer was not understood')
      return { failure }
    }
  }
}

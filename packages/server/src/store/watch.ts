import type { FeedHead, RevocationStore } from './revocations.ts'

/** How often a process looks whether another one changed something, in milliseconds. */
export const watchIntervalMs = 250

/**
 * How long what is kept in memory may be relied on when the store does not answer, in milliseconds. Well below the
 * margin by which an entry outlives its tokens: a server that is cut off stops in time, so no token it makes escapes.
 */
export const maxHeadAgeMs = 10_000

/** Called with the head as it is now and as it was, after it changed. What it awaits is done before `check` resolves. */
export type HeadListener = (head: FeedHead, previous: FeedHead) => void | Promise<void>

/** Knows the feed's head, and tells those who keep something in memory when it moved. */
export interface HeadWatch {
  /** The head as last seen. */
  readonly head: FeedHead
  /** Whether it was seen less than {@link maxHeadAgeMs} ago. Where not, `check` before relying on what is in memory. */
  readonly isFresh: boolean
  /**
   * Reads the head now and waits until every listener has caught up with it. After a write of this process it makes
   * the write felt here; before a question about revocation it makes the answer exact.
   */
  check(): Promise<void>
  subscribe(listener: HeadListener): void
  /** Calls back after each look that succeeded, whether or not the head moved, with the moment when it began. */
  onSeen(listener: (monotonicMs: number) => void): void
  close(): void
}

/**
 * Watches the one row that every change moves: by polling, which asks nothing of a pooler or of LISTEN/NOTIFY.
 *
 * @param monotonicMs what the age of the head is measured with. Default: the system's.
 */
export async function watchHead(
  store: RevocationStore,
  onError: (error: unknown) => void,
  monotonicMs: () => number = () => performance.now(),
): Promise<HeadWatch> {
  const listeners: HeadListener[] = []
  const seenListeners: ((monotonicMs: number) => void)[] = []
  let seenAt = monotonicMs()
  let head = await store.head()
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined

  async function look(): Promise<void> {
    const startedAt = monotonicMs()
    const seen = await store.head()
    if (!isSame(seen, head)) await tellAll(seen)
    head = seen
    seenAt = startedAt
    for (const listener of seenListeners) listener(startedAt)
  }

  /** One that fails keeps no other from catching up; all are told again at the next look. */
  async function tellAll(seen: FeedHead): Promise<void> {
    const failures: unknown[] = []
    for (const listener of listeners) {
      try {
        await listener(seen, head)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  /** A look that began before the caller's write may have missed it, so the caller gets one that begins after. */
  function check(): Promise<void> {
    if (!running) {
      running = look().finally(() => {
        running = undefined
      })
      return running
    }
    waiting ??= running
      .catch(() => {})
      .then(() => {
        waiting = undefined
        return check()
      })
    return waiting
  }

  const timer = setInterval(() => check().catch(onError), watchIntervalMs)
  timer.unref()
  return {
    get head() {
      return head
    },
    get isFresh() {
      return monotonicMs() - seenAt < maxHeadAgeMs
    },
    check,
    subscribe: (listener) => void listeners.push(listener),
    onSeen: (listener) => void seenListeners.push(listener),
    close: () => clearInterval(timer),
  }
}

const isSame = (left: FeedHead, right: FeedHead): boolean =>
  left.position === right.position &&
  left.configuration_version === right.configuration_version &&
  left.feed_id === right.feed_id &&
  left.epoch === right.epoch

/** Whether clients, secrets or signing keys may have changed in between. */
export const isConfigurationChange: (head: FeedHead, previous: FeedHead) => boolean = (head, previous) =>
  head.configuration_version !== previous.configuration_version || head.feed_id !== previous.feed_id

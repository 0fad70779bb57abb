import type { FeedHead, RevocationStore } from './revocations.ts'

/** How often a process looks whether another one changed something, in milliseconds. */
export const watchIntervalMs = 250

/** Called with the head as it is now and as it was, after it changed. What it awaits is done before `check` resolves. */
export type HeadListener = (head: FeedHead, previous: FeedHead) => void | Promise<void>

/** Knows the feed's head, and tells those who keep something in memory when it moved. */
export interface HeadWatch {
  /** The head as last seen. */
  readonly head: FeedHead
  /**
   * Reads the head now and waits until every listener has caught up with it. After a write of this process it makes
   * the write felt here; before a question about revocation it makes the answer exact.
   */
  check(): Promise<void>
  subscribe(listener: HeadListener): void
  close(): void
}

/** Watches the one row that every change moves: by polling, which asks nothing of a pooler or of LISTEN/NOTIFY. */
export async function watchHead(
  store: RevocationStore,
  onError: (error: unknown) => void,
): Promise<HeadWatch> {
  const listeners: HeadListener[] = []
  let head = await store.head()
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined

  async function look(): Promise<void> {
    const seen = await store.head()
    if (!isSame(seen, head)) for (const listener of listeners) await listener(seen, head)
    head = seen
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
    check,
    subscribe: (listener) => void listeners.push(listener),
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

import { RevocationSet, RevocationSetFull } from '@latchkey/guard'
import type { FeedHead, RevocationStore } from '../store/revocations.ts'
import type { HeadWatch } from '../store/watch.ts'
import { type FeedPage, readPage } from './feed-page.ts'

/** How long a request is held when there is nothing new, in milliseconds: the guard's heartbeat. */
export const maxWaitMs = 20_000
/** Guards that may wait at once in one process. */
const maxWaiters = 5_000

/** What has been ended: as pages for guards elsewhere, and as a live set for this process. */
export interface RevocationFeed {
  /** This process's own view, complete up to the head that was last seen. */
  readonly revocations: RevocationSet
  /** The page after a cursor. Waits for news, `waitMs` at most, when there is none. `undefined`: too many wait. */
  page(cursor: string | undefined, waitMs: number, signal: AbortSignal): Promise<FeedPage | undefined>
  /** Answers everyone who waits. */
  close(): void
}

/** Follows the store's feed, whoever writes it. */
export async function openRevocationFeed(store: RevocationStore, watch: HeadWatch): Promise<RevocationFeed> {
  const revocations = new RevocationSet()
  const waiters = new Set<() => void>()
  let ownCursor: string | undefined
  let isClosed = false

  async function catchUp(head: FeedHead): Promise<void> {
    while (take(await readPage(store, head, ownCursor))) head = await store.head()
    wakeAll()
  }

  /** Says whether another page follows. A set that fills up with what has expired is made anew from what lives. */
  function take(page: FeedPage): boolean {
    try {
      revocations.apply(page)
      ownCursor = page.cursor
      return page.more
    } catch (error) {
      if (!(error instanceof RevocationSetFull) || ownCursor === undefined) throw error
      ownCursor = undefined
      return true
    }
  }

  /** This process looks first, so that it never lags behind what it tells a guard. */
  async function nextPage(cursor: string | undefined): Promise<FeedPage> {
    await watch.check()
    return readPage(store, watch.head, cursor)
  }

  function wakeAll(): void {
    for (const wake of waiters) wake()
  }

  function news(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        waiters.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      signal.addEventListener('abort', wake)
      waiters.add(wake)
    })
  }

  watch.subscribe(catchUp)
  watch.onSeen((seenAt) => revocations.confirm(seenAt))
  await catchUp(await store.head())
  await watch.check()
  return {
    revocations,
    async page(cursor, waitMs, signal) {
      const page = await nextPage(cursor)
      const isNews = page.snapshot || page.more || page.entries.length > 0 || page.cursor !== cursor
      if (isNews || isClosed || waitMs <= 0) return page
      // News that this process learned while the page was read has woken nobody: to wait now would be to miss it.
      if (page.cursor !== ownCursor) return nextPage(cursor)
      if (waiters.size >= maxWaiters) return undefined
      await news(waitMs, signal)
      return nextPage(cursor)
    },
    close() {
      isClosed = true
      wakeAll()
    },
  }
}

import { RevocationSet, RevocationSetFull } from '@latchkey/guard'
import type { FeedHead, PositionedRevocation, RevocationStore } from '../store/revocations.ts'
import type { HeadWatch } from '../store/watch.ts'

/** Entries on one page. */
export const maxPageEntries = 1_000
/** How long a request is held when there is nothing new, in milliseconds: the guard's heartbeat. */
export const maxWaitMs = 20_000
/** Guards that may wait at once in one process. */
const maxWaiters = 5_000

/** One entry as guards read it; docs/protocol.md says what each kind ends. */
export interface FeedEntry {
  kind: PositionedRevocation['kind']
  id: string
  client_id?: string
  epoch?: number
  expires_at: number
}

/** One answer of the feed. */
export interface FeedPage {
  /** Where to go on from. */
  cursor: string
  /** These entries begin a whole new set. */
  snapshot: boolean
  /** Another page follows at once. */
  more: boolean
  /** Tokens of a lower server epoch are ended. */
  epoch: number
  entries: FeedEntry[]
}

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
    for (let more = true; more; ) {
      const page = await readPage(store, head, ownCursor)
      more = take(page)
    }
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

  await catchUp(watch.head)
  watch.subscribe(catchUp)
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

/** An unknown feed, a purged position or one that is not yet, begins a snapshot: all live entries from the first. */
async function readPage(
  store: RevocationStore,
  head: FeedHead,
  cursor: string | undefined,
): Promise<FeedPage> {
  const place = parseCursor(cursor, head)
  const entries = await store.after(place.position, maxPageEntries)
  const last = entries.at(-1)?.position ?? 0
  const more = entries.length === maxPageEntries
  const isInSnapshot = place.beginsSnapshot || place.isInSnapshot
  return {
    cursor: `${head.feed_id}.${more ? last : Math.max(last, head.position)}${more && isInSnapshot ? '.snapshot' : ''}`,
    snapshot: place.beginsSnapshot,
    more,
    epoch: head.epoch,
    entries: entries.map(asEntry),
  }
}

interface Place {
  position: number
  beginsSnapshot: boolean
  /** A snapshot may go on below what was purged meanwhile: what it missed can hit nothing. */
  isInSnapshot: boolean
}

function parseCursor(cursor: string | undefined, head: FeedHead): Place {
  const match = /^([a-z2-7]{26})\.(\d{1,15})(\.snapshot)?$/.exec(cursor ?? '')
  const position = Number(match?.[2])
  const isInSnapshot = match?.[3] !== undefined
  const isKnown =
    match?.[1] === head.feed_id &&
    position <= head.position &&
    (isInSnapshot || position >= head.purged_position)
  return isKnown
    ? { position, beginsSnapshot: false, isInSnapshot }
    : { position: 0, beginsSnapshot: true, isInSnapshot: false }
}

function asEntry({ kind, subject, client_id, epoch, expires_at }: PositionedRevocation): FeedEntry {
  return {
    kind,
    id: subject,
    ...(client_id === null ? {} : { client_id }),
    ...(epoch === null ? {} : { epoch }),
    expires_at,
  }
}

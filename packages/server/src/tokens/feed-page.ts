import type { FeedHead, PositionedRevocation, RevocationStore } from '../store/revocations.ts'

/** Entries on one page. */
const maxPageEntries = 1_000

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

/** An unknown feed, a purged position or one that is not yet, begins a snapshot: all live entries from the first. */
export async function readPage(
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
  const match = /^([^.]+)\.(\d{1,15})(\.snapshot)?$/.exec(cursor ?? '')
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

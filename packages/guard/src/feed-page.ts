import { Unavailable } from './http.ts'
import { isCount, isRecord, isText } from './json.ts'
import type { RevocationEntry, RevocationPage } from './revocations.ts'

export interface FeedPage extends RevocationPage {
  /** Sent back as `after`. */
  readonly cursor: string
}

const maxCursorLength = 512
const maxIdLength = 512

/**
 * Reads a page of the feed. An entry of a kind that this guard does not know is passed over, so that a newer server
 * can speak to it; an entry that is broken makes the page an error, because passing over it would let a token live.
 *
 * @throws Unavailable
 */
export function parseFeedPage(answer: Record<string, unknown>): FeedPage {
  const { cursor, snapshot, more, epoch, entries } = answer
  if (!isTextWithin(cursor, maxCursorLength)) throw broken('cursor')
  if (typeof snapshot !== 'boolean' || typeof more !== 'boolean') throw broken('snapshot and more')
  if (!isCount(epoch)) throw broken('epoch')
  if (!Array.isArray(entries)) throw broken('entries')
  return { cursor, snapshot, more, epoch, entries: entries.flatMap(parseEntry) }
}

function parseEntry(entry: unknown): RevocationEntry[] {
  if (!isRecord(entry)) throw broken('an entry')
  const { kind, id, client_id, epoch, expires_at } = entry
  if (!isTextWithin(id, maxIdLength) || !isCount(expires_at)) throw broken('an entry')
  switch (kind) {
    case 'token':
      if (!isTextWithin(client_id, maxIdLength)) throw broken('a token entry')
      return [{ kind, id, client_id, expires_at }]
    case 'client':
    case 'user':
      if (!isCount(epoch)) throw broken(`a ${kind} entry`)
      return [{ kind, id, epoch, expires_at }]
    case 'connection':
      if (client_id !== undefined && !isTextWithin(client_id, maxIdLength)) throw broken('a connection entry')
      return [{ kind, id, client_id, expires_at }]
    case 'api_key':
    case 'signing_key':
      return [{ kind, id, expires_at }]
    default:
      return []
  }
}

const isTextWithin = (value: unknown, maxLength: number): value is string =>
  isText(value) && value.length <= maxLength

const broken = (what: string): Unavailable =>
  new Unavailable(`the revocation feed was not understood: ${what}`)

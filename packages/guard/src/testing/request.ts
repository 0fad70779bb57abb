import type { GuardRequest } from '../credentials.ts'

/** A request as Node hands it over, with headers as they came on the wire. */
export function nodeRequest(headers: readonly (readonly [string, string])[], url = '/'): GuardRequest {
  const record: Record<string, string> = {}
  // What Node does: the first of two authorization headers stays, others are joined by a comma.
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    const before = record[key]
    if (before === undefined) record[key] = value
    else if (key !== 'authorization') record[key] = `${before}, ${value}`
  }
  return { method: 'GET', url, headers: record, rawHeaders: headers.flat() }
}

export const withToken = (token: string): GuardRequest => nodeRequest([['Authorization', `Bearer ${token}`]])

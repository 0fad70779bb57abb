import type { Call } from '../call.ts'
import type { DocsFacts } from '../facts.ts'
import type { TokenRequest } from '../token-way.ts'

/** Writes the page's snippets in one language. Each is a whole program, or goes below the one of step 1. */
export interface Language {
  id: string
  name: string
  /** A whole program: makes the link that a person follows, and prints it. */
  authorizationLink(facts: DocsFacts): string
  /** A whole program. */
  getToken(request: TokenRequest): string
  /** Goes on from `getToken`. */
  callApi(facts: DocsFacts): string
  /** A whole program: keeps the token of step 1, renews it before it ends and once more when the API refuses it. */
  renew(facts: DocsFacts): string
  /** Goes on from `getToken`. */
  endToken(facts: DocsFacts): string
  /** A whole program that makes one request and prints the status. */
  send(call: Call): string
  /** A whole program, for an API. */
  checkToken(facts: DocsFacts): string
}

/** How long before its end a token is renewed, in seconds: a minute, or a tenth of a short life. */
export const renewalMarginSeconds = ({ config }: DocsFacts): number =>
  Math.min(60, Math.max(1, Math.floor(config.accessTokenLifetimeSeconds / 10)))

const secondsIn = { seconds: '', minutes: ' * 60', milliseconds: ' / 1000' }

/** What turns a lifetime's number into seconds. */
export const toSeconds = ({ first }: DocsFacts): string => secondsIn[first.lifetime?.unit ?? 'seconds']

/** Whether the link carries a challenge (RFC 7636), so that the program must make one. */
export const hasChallenge = ({ parameters }: Call): boolean =>
  parameters.some(([, { variable }]) => variable === 'challenge')

/** Shifts every line but the first, so that a block stands where it is put in. */
export const indented = (block: string, spaces: number): string =>
  block.replaceAll('\n', `\n${' '.repeat(spaces)}`)

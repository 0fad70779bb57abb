/**
 * Where a person's browser may be sent with a code (RFC 6749 §3.1.2). It exists only after validation: by
 * {@link parseRedirectUri} when an app is registered, by {@link matchRedirectUri} when a request names one.
 */
export type RedirectUri = string & { readonly __redirectUri: unique symbol }

/** Says what is wrong with a redirect URI, and how to mend it. */
export class RedirectUriError extends Error {
  override readonly name = 'RedirectUriError'
}

/** The longest redirect URI, in characters. */
export const maxRedirectUriLength = 2000

/** The characters of RFC 3986 §2, each percent sign with its two digits. No space, control character or backslash. */
const uriText = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+$/

/** `http` on this machine's own loopback: scheme and host, port, and what follows (RFC 8252 §7.3). */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9]\d{0,4}))?(\/.*)$/

/** A domain name backwards, as `com.example.app:/callback` (RFC 8252 §7.1). */
const ownScheme = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9][a-z0-9+-]*)+:\//

/** What our answer adds: a URI that holds one already would say it twice (RFC 6749 §4.1.2, RFC 9207). */
const ofOurAnswer = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

/** Each thing that may be wrong, the first first. A check may rely on those before it. */
const checks: readonly (readonly [isWrong: (uri: string) => boolean, howToMend: string])[] = [
  [(uri) => uri.length > maxRedirectUriLength, `It has ${maxRedirectUriLength} characters at most.`],
  [(uri) => uri.includes('*'), 'A wildcard stands for nothing here: write out each URI that the app uses.'],
  [(uri) => uri.includes('#'), 'Leave out the fragment, from # on (RFC 6749 §3.1.2).'],
  [
    (uri) => !uriText.test(uri),
    'It holds a character that a URI cannot: write others than ASCII in percent-encoding, a host name in punycode.',
  ],
  [
    (uri) => !URL.canParse(uri),
    'It is not a URI with a scheme and a host, as in https://app.example.com/callback.',
  ],
  [
    (uri) => !uri.startsWith('https://') && !loopback.test(uri) && !ownScheme.test(uri),
    "Write https://…; or, for an app on the person's own machine, http://127.0.0.1/…, http://[::1]/… or http://localhost/…, or a scheme that is a domain name backwards, as com.example.app:/callback (RFC 8252 §7).",
  ],
  [hasUserInfo, 'Leave out the user name and password before the host.'],
  [
    (uri) => hiddenSegment.test(pathAsWritten(uri)),
    'Its path holds an encoded dot, slash, backslash, percent sign or control character, or a segment of dots. Write the path plainly.',
  ],
  [(uri) => encodedControl.test(uri), 'It holds an encoded control character. Leave it out.'],
  [
    (uri) => ofOurAnswer.some((name) => new URL(uri).searchParams.has(name)),
    `Its query holds a parameter that the answer adds: ${ofOurAnswer.join(', ')}. Give it another name.`,
  ],
]

const encodedControl = /%(?:[01][0-9a-f]|7f)/i
const hiddenSegment = /%(?:2e|2f|5c|25)|\/\.\.?(?:;|\/|$)/i

/**
 * Takes a redirect URI for registration.
 *
 * @throws RedirectUriError that says how to mend it.
 */
export function parseRedirectUri(text: string): RedirectUri {
  const howToMend = findProblem(text)
  if (howToMend !== undefined) throw new RedirectUriError(`The redirect URI cannot be taken. ${howToMend}`)
  return text as RedirectUri
}

/**
 * The redirect URI that a request sent, when it is one of those registered: the same characters (RFC 9700 §4.1.3), but
 * for the port of a loopback URI, which a native app takes as it comes (RFC 8252 §7.3). What was sent is never decoded
 * or normalised.
 */
export function matchRedirectUri(registered: readonly string[], sent: string): RedirectUri | undefined {
  const match = registered.find((uri) => uri === sent || isSameButForPort(uri, sent))
  return match !== undefined && findProblem(match) === undefined ? (sent as RedirectUri) : undefined
}

/** Whether only an app on the person's own machine can be there. */
export const isLoopbackUri = (uri: RedirectUri): boolean => loopback.test(uri)

const findProblem = (uri: string): string | undefined =>
  checks.find(([isWrong]) => isWrong(uri))?.[1] ?? findOtherSpelling(uri)

function isSameButForPort(registered: string, sent: string): boolean {
  const [, host, , rest] = loopback.exec(registered) ?? []
  const [, sentHost, port, sentRest] = loopback.exec(sent) ?? []
  return host !== undefined && host === sentHost && rest === sentRest && Number(port ?? 80) <= 65_535
}

/** What a browser would go to is not what is written: the two could be taken for one another. */
function findOtherSpelling(uri: string): string | undefined {
  const { href } = new URL(uri)
  return href === uri ? undefined : `Write it as every browser does: ${href}`
}

function hasUserInfo(uri: string): boolean {
  const authority = /^[^/]*\/\/([^/?]*)/.exec(uri)?.[1] ?? ''
  return authority.includes('@')
}

/** As written: from the first slash after the host up to the query. */
const pathAsWritten = (uri: string): string => uri.replace(/^[^/]*(?:\/\/[^/?]*)?/, '').replace(/\?.*$/, '')

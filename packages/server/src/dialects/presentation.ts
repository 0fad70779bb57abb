import type { CredentialPresentation, Dialect } from './dialect.ts'

/** Where paths of the API start, and how a credential is presented there. */
export interface ApiPlace {
  url: string
  credentials: readonly CredentialPresentation[]
}

/**
 * The places of an API: its own URL, as the longest prefix says that this is under, and the prefixes that are under it,
 * as those of several versions. Where no prefix speaks of its own URL, the first that is under it stands for it.
 *
 * @param audience the API's URL.
 */
export function apiPlacesOf(audience: string, { api }: Pick<Dialect, 'api'>): [ApiPlace, ...ApiPlace[]] {
  const { origin, pathname } = URL.canParse(audience) ? new URL(audience) : { origin: '', pathname: '/' }
  const [own] = api
    .filter(({ prefix }) => isUnder(pathname, prefix))
    .toSorted((left, right) => right.prefix.length - left.prefix.length)
  const inner = api
    .filter((entry) => entry !== own && isUnder(entry.prefix, pathname))
    .map(({ prefix, credentials }) => ({ url: `${origin}${prefix}`, credentials }))
  const [first, ...others] = inner
  if (own === undefined && first !== undefined) return [first, ...others]
  const credentials = (own ?? api[0])?.credentials ?? [{ scheme: 'Bearer' }]
  return [{ url: audience, credentials }, ...inner]
}

/**
 * How a credential is presented to the API at its own URL, or anywhere under it where that says nothing. A token in
 * `Authorization` comes first, a bare one before all: the first is the one that is shown.
 *
 * @param audience the API's URL.
 */
export function presentationsOf(audience: string, dialect: Pick<Dialect, 'api'>): CredentialPresentation[] {
  const places = apiPlacesOf(audience, dialect)
  const relevant = places[0].url === audience ? [places[0]] : places
  const all = relevant.flatMap(({ credentials }) => credentials)
  const distinct = new Map(all.map((credential) => [JSON.stringify(credential), credential]))
  return [...distinct.values()].toSorted((left, right) => rankOf(left) - rankOf(right))
}

const isUnder = (path: string, prefix: string): boolean =>
  `${path.replace(/\/$/, '')}/`.startsWith(`${prefix.replace(/\/$/, '')}/`)

const ranks = ['bare', 'scheme', 'basic', 'header', 'query']

const rankOf = (credential: CredentialPresentation): number => ranks.findIndex((way) => way in credential)

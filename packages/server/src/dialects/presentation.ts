import type { CredentialPresentation, Dialect } from './dialect.ts'

/**
 * How a credential is presented to the API: as the prefix that its URL is under says, the longest where several do. A
 * token in `Authorization` comes first, a bare one before all: the first is the one that is shown.
 *
 * @param audience the API's URL.
 */
export function presentationsOf(audience: string, { api }: Pick<Dialect, 'api'>): CredentialPresentation[] {
  const path = URL.canParse(audience) ? new URL(audience).pathname : '/'
  const own = api
    .filter(({ prefix }) => `${path}/`.startsWith(`${prefix.replace(/\/$/, '')}/`))
    .toSorted((left, right) => right.prefix.length - left.prefix.length)
  const credentials = (own[0] ?? api[0])?.credentials ?? [{ scheme: 'Bearer' }]
  return credentials.toSorted((left, right) => rankOf(left) - rankOf(right))
}

const ranks = ['bare', 'scheme', 'basic', 'header', 'query']

const rankOf = (credential: CredentialPresentation): number => ranks.findIndex((way) => way in credential)

import assert from 'node:assert/strict'
import type { NewApp } from '../../packages/server/src/clients/registration.ts'
import type { User } from '../../packages/server/src/store/users.ts'
import {
  addPerson,
  type Credentials,
  codeChallenge,
  type Parts,
  password,
  redirectUri,
  registerCodeClient,
} from '../support/connection.ts'
import { type Form, type Page, Person } from '../support/person.ts'
import { startServer, type TestServer, type TestServerOptions } from '../support/server.ts'

/** A server with an app and two people, whose clock stands still until it is moved. */
export interface VisitScene extends AsyncDisposable {
  server: TestServer
  parts: Parts
  app: Credentials
  john: User
  jane: User
  wait(seconds: number): void
  /** Where an app sends people. `undefined` leaves a parameter out. */
  authorizeUrl(change?: Record<string, string | undefined>): string
  /** Everything that a refused form must leave as it was. */
  rows(): Promise<unknown>
}

export async function setVisitScene(
  options: TestServerOptions = {},
  app: Partial<NewApp> = {},
): Promise<VisitScene> {
  let now = 1_800_000_000
  const clock = () => now
  const server = await startServer({ clock, ...options })
  const { store, urls } = server.latchkey
  const parts = { store, clock }
  const credentials = await registerCodeClient(parts, { name: 'The App', ...app })
  return {
    server,
    parts,
    app: credentials,
    john: await addPerson(parts, { username: 'john.doe', name: 'John Doe' }),
    jane: await addPerson(parts, { username: 'jane.black', name: 'Jane Black' }),
    wait(seconds) {
      now += seconds
    },
    authorizeUrl: (change = {}) => withQuery(urls.authorization, { ...requestOf(credentials), ...change }),
    rows: async () => {
      const { kysely } = store.database
      return structuredClone({
        codes: await kysely.selectFrom('authorization_codes').selectAll().execute(),
        connections: await kysely.selectFrom('connections').selectAll().execute(),
        accounts: await kysely.selectFrom('session_accounts').selectAll().execute(),
      })
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const requestOf = ({ id }: Credentials): Record<string, string> => ({
  client_id: id,
  redirect_uri: redirectUri,
  response_type: 'code',
  scope: 'read',
  state: 'a state',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256',
})

function withQuery(url: string, query: Record<string, string | undefined>): string {
  const known = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${url}?${new URLSearchParams(known)}`
}

/** Whether a browser is back at the app. */
export const isBack = (url: URL): boolean => url.href.startsWith(redirectUri)

/** Goes to an address and to the page where it leads. */
export async function openPage(person: Person, url: string | URL): Promise<Page> {
  const place = await person.open(url, isBack)
  assert.ok(!(place instanceof URL), `no page: ${place}`)
  return place
}

/** Goes to an address that leads back to the app at once. */
export async function openBack(person: Person, url: string | URL): Promise<URLSearchParams> {
  const place = await person.open(url, isBack)
  assert.ok(place instanceof URL, `not back: ${place instanceof URL ? '' : place.text}`)
  return place.searchParams
}

/** A new browser in which somebody is signed in. */
export async function signedIn(scene: VisitScene, ...users: User[]): Promise<Person> {
  const person = new Person()
  for (const user of users) await signIn(scene, person, user)
  return person
}

export async function signIn({ server }: VisitScene, person: Person, user: User): Promise<void> {
  const page = await openPage(person, `${server.latchkey.urls.signIn}?add=1`)
  const next = await person.submit(formOf(page), { username: user.username, password })
  assert.ok(!(next instanceof URL) && next.url.pathname === '/account', 'not signed in')
}

export function formOf({ forms, text }: Page): Form {
  const [form] = forms
  assert.ok(form, `no form: ${text}`)
  return form
}

/** Sends a form as a browser would, with what is changed in it; `undefined` leaves a field out. */
export function send(
  person: Person,
  { action, fields }: Form,
  change: Record<string, string | undefined>,
  headers: Record<string, string> = { origin: action.origin },
): Promise<Response> {
  const all = Object.entries({ ...Object.fromEntries(fields), ...change })
  const known = all.filter((entry): entry is [string, string] => entry[1] !== undefined)
  return person.fetch(action, { method: 'POST', headers, body: new URLSearchParams(known) })
}

export { password }

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Dev, startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { type Form, type Page, Person, signInAndAllow } from '../support/person.ts'
import { freePort } from '../support/postgres.ts'
import { type Example, environmentOf, startExample } from './support.ts'

let dev: Dev
let app: Example
let url: string

before(async () => {
  dev = await startDev()
  const port = await freePort()
  url = `http://localhost:${port}`
  app = startExample('client-express.ts', { ...environmentOf(dev), PORT: String(port) })
  await eventually(() => {
    assert.equal(app.process.exitCode, null, app.stderr())
    return app.stdout() === `Listening on ${url}\n`
  })
})

after(async () => {
  await app[Symbol.asyncDispose]()
  await dev[Symbol.asyncDispose]()
  assert.equal(app.stderr(), '')
})

async function show(person: Person, path = '/'): Promise<Page> {
  const place = await person.open(`${url}${path}`)
  assert.ok(!(place instanceof URL))
  return place
}

/** Presses "Sign in", goes through the server's pages, and stops before the app's callback. */
async function signIn(person: Person, decision: 'allow' | 'deny' = 'allow', nth = 0): Promise<URL> {
  const response = await person.fetch(`${url}/sign-in`)
  const authorizationUrl = response.headers.get('location') ?? assert.fail('nobody was sent anywhere')
  const { username = '', password = '' } = dev.description.users[nth] ?? {}
  return signInAndAllow({ authorizationUrl, username, password, person, decision })
}

async function signedIn(nth = 0): Promise<Person> {
  const person = new Person()
  const place = await person.open(await signIn(person, 'allow', nth))
  assert.ok(!(place instanceof URL))
  assert.match(place.text, /The API answered 200/)
  return person
}

const subjectOf = ({ text }: Page): string => /subject&#34;:&#34;(\w+)/.exec(text)?.[1] ?? assert.fail(text)

test('a person signs in, and the app calls the API for them; another person is another', async () => {
  const [john, jane] = [await signedIn(0), await signedIn(1)]
  assert.notEqual(subjectOf(await show(john)), subjectOf(await show(jane)))
  assert.equal(subjectOf(await show(john)), subjectOf(await show(john)))
  assert.match((await show(new Person())).text, /Nobody is signed in/)
})

test('a callback works in the browser that began, and once', async () => {
  const person = new Person()
  const back = await signIn(person)
  for (const other of [new Person(), await signedIn(1)]) {
    const response = await other.fetch(back)
    assert.equal(response.status, 400)
    assert.match(await response.text(), /no answer to a sign-in of this browser/)
  }
  assert.equal((await person.fetch(back)).status, 302)
  assert.equal((await person.fetch(back)).status, 400)
  assert.match((await show(person)).text, /The API answered 200/)
})

test('the session cookie is out of reach of scripts and other sites, and is new after a sign-in', async () => {
  const person = new Person()
  const cookieOf = (response: Response): string =>
    response.headers.getSetCookie().find((line) => line.startsWith('app_session=')) ?? ''
  const first = await person.fetch(`${url}/sign-in`)
  const authorizationUrl = first.headers.get('location') ?? ''
  const { username = '', password = '' } = dev.description.users[0] ?? {}
  const back = await signInAndAllow({ authorizationUrl, username, password, person })
  const second = await person.fetch(back)
  for (const response of [first, second])
    assert.match(cookieOf(response), /^app_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  assert.notEqual(cookieOf(first), cookieOf(second))
  const old = new Person({ cookie: cookieOf(first).split(';')[0] ?? '' })
  assert.match((await show(old)).text, /Nobody is signed in/)
})

/** The form by which a person ends, at the server, whatever the demo app may do for them. */
async function endingForm(person: Person): Promise<Form | undefined> {
  const account = await person.open(dev.description.endpoints.account ?? '')
  assert.ok(!(account instanceof URL))
  return account.forms.find(({ fields }) => fields.get('client') === dev.description.client.client_id)
}

async function endAll(person: Person): Promise<void> {
  const form = await endingForm(person)
  assert.ok(form)
  await person.submit(form)
}

test('a person who says no is told so, and can try again, but not with the same answer', async () => {
  const person = await signedIn()
  await endAll(person)
  const back = await signIn(person, 'deny')
  const place = await person.open(back)
  assert.ok(!(place instanceof URL))
  assert.equal(place.status, 400)
  assert.match(place.text, /The person did not allow it\. <a href="\/sign-in">/)
  const again = await person.fetch(back)
  assert.match(await again.text(), /no answer to a sign-in of this browser/)
})

test('an app whose port is taken says so and ends', async () => {
  await using second = startExample('client-express.ts', { ...environmentOf(dev), PORT: new URL(url).port })
  assert.equal(await second.exited(), 1)
  assert.match(second.stderr(), /EADDRINUSE/)
  assert.equal(second.stdout(), '')
})

/** A person who has no other connection than this one. */
async function connectedOnce(): Promise<Person> {
  const person = await signedIn()
  await endAll(person)
  await person.open(await signIn(person))
  assert.ok(await endingForm(person))
  return person
}

test('disconnecting ends the connection at the server', async () => {
  const person = await connectedOnce()
  const [form] = (await show(person)).forms
  assert.ok(form)
  const place = await person.submit(form)
  assert.ok(!(place instanceof URL))
  assert.match(place.text, /Nobody is signed in/)
  assert.equal(await endingForm(person), undefined)
})

test('a person who ended the connection at the server is asked to sign in again, and can', async () => {
  const person = await connectedOnce()
  await endAll(person)
  const page = await show(person)
  assert.equal(page.status, 401)
  assert.match(page.text, /The connection has ended\. <a href="\/sign-in">/)
  assert.match((await show(person)).text, /Nobody is signed in/)
  await person.open(await signIn(person))
  assert.match((await show(person)).text, /The API answered 200/)
})

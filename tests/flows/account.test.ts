import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import type { User } from '../../packages/server/src/store/users.ts'
import { introspect } from '../attacks/support.ts'
import { openPage, send, setVisitScene, signedIn, signIn, type VisitScene } from '../attacks/visiting.ts'
import {
  type Credentials,
  issueCode,
  password,
  redeem,
  refresh,
  registerCodeClient,
  tokensOf,
} from '../support/connection.ts'
import { guardOf, statusFor } from '../support/guards.ts'
import { submit } from '../support/mailing.ts'
import { type Page, Person } from '../support/person.ts'

const newPassword = 'another password of the tests'

/** Connects a person with an app, as if they had allowed it. */
async function connect({ server, parts }: VisitScene, user: User, name = 'The App') {
  const app = await registerCodeClient(parts, { name, publisher: 'Its Publisher' })
  return { app, ...(await connectAgain({ server, parts }, user, app)) }
}

/** Another connection of the same two. */
async function connectAgain(
  { server, parts }: Pick<VisitScene, 'server' | 'parts'>,
  user: User,
  app: Credentials,
) {
  const { urls, config } = server.latchkey
  const code = await issueCode(parts, app, user, { audience: config.audience })
  return tokensOf(await redeem(urls.token, app, code))
}

const isActive = async ({ server }: VisitScene, token: string): Promise<unknown> =>
  (await introspect(server, token)).json.active

const scopes = { read: { en: 'Read your data', ja: 'データを読む' }, write: 'Write your data' }

test('a person sees what is connected, in their language, and disconnects one app: its tokens end at once', async () => {
  await using scene = await setVisitScene({ scopes })
  const { urls } = scene.server.latchkey
  const one = await connect(scene, scene.john, 'First App')
  const again = await connectAgain(scene, scene.john, one.app)
  const other = await connect(scene, scene.john, 'Second App')
  const person = await signedIn(scene, scene.john)
  const account = await openPage(person, urls.account)
  for (const words of ['First App', 'Second App', 'Its Publisher', 'Read your data', 'Write your data'])
    assert.ok(account.text.includes(words), words)
  const form = account.forms.find(({ fields }) => fields.get('client') === one.app.id)
  assert.ok(form)
  const after = await person.submit(form)
  assert.ok(!(after instanceof URL))
  assert.ok(!after.text.includes('First App') && after.text.includes('Second App'))
  assert.equal(await isActive(scene, one.accessToken), false)
  for (const { refreshToken } of [one, again]) {
    assert.equal((await refresh(urls.token, one.app, refreshToken)).status, 400)
  }
  assert.equal(await isActive(scene, other.accessToken), true)
  tokensOf(await refresh(urls.token, other.app, other.refreshToken))
  // Sent once more it changes nothing.
  assert.equal((await person.fetch(form.action, { method: 'POST' })).status, 400)
})

test('in the process that ends them, tokens are refused in the next request', async () => {
  await using scene = await setVisitScene({ clock: systemClock })
  const { urls, revocations } = scene.server.latchkey
  using guard = guardOf(scene.server, { revocations })
  const person = await signedIn(scene, scene.john)
  const ends: [url: string, action: string, fields: Record<string, string>][] = [
    [urls.account, 'disconnect', {}],
    [`${urls.account}/password`, 'password', { current_password: password, new_password: newPassword }],
    [`${urls.signOut}?everywhere=1&account=${scene.john.id}`, 'sign-out-everywhere', {}],
  ]
  for (const [url, action, fields] of ends) {
    const { accessToken } = await connect(scene, scene.john)
    assert.equal(await statusFor(guard, accessToken), 200)
    await submit(person, await openPage(person, url), fields, action)
    assert.equal(await statusFor(guard, accessToken), 401, action)
  }
})

test('the words of scopes follow the browser', async () => {
  await using scene = await setVisitScene({ scopes })
  await connect(scene, scene.john)
  const person = new Person({ 'accept-language': 'ja' })
  await signIn(scene, person, scene.john)
  const { text } = await openPage(person, scene.server.latchkey.urls.account)
  assert.match(text, /<html lang="ja">/)
  assert.match(text, /データを読む/)
})

test('whoever is not signed in is asked to sign in first', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  for (const url of [urls.account, `${urls.account}/password`])
    assert.equal((await openPage(new Person(), url)).url.href, urls.signIn)
})

test('where several are signed in, the page is of the one that is chosen', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  await connect(scene, scene.john, 'An App of John')
  await connect(scene, scene.jane, 'An App of Jane')
  const person = await signedIn(scene, scene.john, scene.jane)
  for (const [user, own, others] of [
    [scene.john, 'An App of John', 'An App of Jane'],
    [scene.jane, 'An App of Jane', 'An App of John'],
  ] as const) {
    const { text } = await openPage(person, `${urls.account}?account=${user.id}`)
    assert.ok(text.includes(own) && !text.includes(others))
    assert.ok(text.includes('John Doe') && text.includes('Jane Black'))
  }
})

/** Where an account page leads to end everything. */
function everywhereUrl({ links }: Page): URL {
  const link = links.find(({ url }) => url.searchParams.has('everywhere'))
  assert.ok(link)
  return link.url
}

test('signing out everywhere ends every browser and disconnects every app of that person alone', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const apps = [await connect(scene, scene.john), await connect(scene, scene.john)]
  const ofJane = await connect(scene, scene.jane)
  const phone = await signedIn(scene, scene.john)
  const person = await signedIn(scene, scene.john, scene.jane)
  const page = await openPage(
    person,
    everywhereUrl(await openPage(person, `${urls.account}?account=${scene.john.id}`)),
  )
  assert.match(page.text, /disconnects every app/)
  assert.ok(page.text.includes('John Doe') && !page.text.includes('Jane Black'))
  assert.equal(await isActive(scene, ofJane.accessToken), true)
  const after = await submit(person, page, {}, 'sign-out-everywhere')
  assert.match(after.text, /That account is signed out everywhere/)
  assert.ok(after.text.includes('Jane Black') && !after.text.includes('John Doe'))
  assert.equal((await openPage(phone, urls.account)).url.href, urls.signIn)
  for (const { app, accessToken, refreshToken } of apps) {
    assert.equal(await isActive(scene, accessToken), false)
    assert.equal((await refresh(urls.token, app, refreshToken)).status, 400)
  }
  assert.equal(await isActive(scene, ofJane.accessToken), true)
  const last = await submit(person, await openPage(person, everywhereUrl(after)), {}, 'sign-out-everywhere')
  assert.equal(last.url.pathname, '/signed-out')
})

test('a person changes their password: this browser stays signed in, under a new session, and nothing else', async () => {
  await using scene = await setVisitScene()
  const { urls, store } = scene.server.latchkey
  const { accessToken } = await connect(scene, scene.john)
  const phone = await signedIn(scene, scene.john)
  const person = await signedIn(scene, scene.john)
  const page = await openPage(person, `${urls.account}/password`)
  const hashes = async () => {
    const sessions = await store.database.kysely.selectFrom('sessions').select('session_hash').execute()
    return new Set(sessions.map(({ session_hash }) => session_hash))
  }
  const before = await hashes()
  const after = await submit(person, page, { current_password: password, new_password: newPassword })
  assert.equal(after.url.pathname, '/account')
  assert.match(after.text, /John Doe/)
  assert.equal(before.difference(await hashes()).size, 1)
  assert.equal((await openPage(phone, urls.account)).url.href, urls.signIn)
  assert.equal(await isActive(scene, accessToken), false)
  const signInWith = async (words: string) => {
    const somebody = new Person()
    const form = await openPage(somebody, urls.signIn)
    return submit(somebody, form, { username: scene.john.username, password: words })
  }
  assert.equal((await signInWith(password)).status, 400)
  assert.equal((await signInWith(newPassword)).url.href, urls.account)
})

test('a wrong current password, or a new one that is not taken, changes nothing; guesses are throttled', async () => {
  await using scene = await setVisitScene()
  const { urls, store } = scene.server.latchkey
  const person = await signedIn(scene, scene.john)
  const page = await openPage(person, `${urls.account}/password`)
  const attempts = [
    { current_password: 'a wrong password', new_password: newPassword },
    { current_password: password, new_password: 'short' },
    { current_password: password, new_password: scene.john.username },
    { current_password: '', new_password: newPassword },
  ]
  for (const fields of attempts) assert.equal((await submit(person, page, fields)).status, 400)
  const wrong = { current_password: 'a wrong password', new_password: newPassword }
  let status = 400
  for (let count = 0; count < 200 && status === 400; count++)
    status = (await submit(person, page, wrong)).status
  assert.equal(status, 429)
  const user = await store.users.find(scene.john.id)
  assert.deepEqual([user?.password_hash, user?.epoch], [scene.john.password_hash, scene.john.epoch])
})

test('a person signs out of this browser, one account or all of them; apps stay connected', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const { accessToken } = await connect(scene, scene.john)
  const phone = await signedIn(scene, scene.john)
  const person = await signedIn(scene, scene.john, scene.jane)
  const one = await submit(person, await openPage(person, `${urls.signOut}?account=${scene.john.id}`))
  assert.equal(one.url.href, urls.account)
  assert.ok(one.text.includes('Jane Black') && !one.text.includes('John Doe'))
  await signIn(scene, person, scene.john)
  const all = await submit(person, await openPage(person, urls.signOut))
  assert.equal(all.url.pathname, '/signed-out')
  assert.equal((await openPage(person, urls.account)).url.href, urls.signIn)
  assert.equal((await openPage(person, urls.signOut)).url.pathname, '/signed-out')
  assert.match((await openPage(phone, urls.account)).text, /John Doe/)
  assert.equal(await isActive(scene, accessToken), true)
})

test('whoever leaves, or changes their password, takes the pages along that the browser keeps for Back', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const forget = async (url: string, index: number, fields: Record<string, string> = {}) => {
    const person = await signedIn(scene, scene.john)
    const form = (await openPage(person, url)).forms[index]
    assert.ok(form)
    const { status, headers } = await send(person, form, fields)
    assert.equal(status, 303)
    return headers.get('clear-site-data')
  }
  assert.equal(await forget(urls.signOut, 0), '"cache"')
  assert.equal(await forget(`${urls.signOut}?everywhere=1&account=${scene.john.id}`, 0), '"cache"')
  const words = { current_password: password, new_password: newPassword }
  assert.equal(await forget(`${urls.account}/password`, 0, words), '"cache"')
})

test('people of another system change their password there', async () => {
  const verify = async (username: string) => ({ id: username, name: 'John Doe' })
  await using scene = await setVisitScene({ people: { verify } })
  const { urls } = scene.server.latchkey
  const person = await signedIn(scene, scene.john)
  const { text } = await openPage(person, urls.account)
  assert.match(text, /John Doe/)
  assert.doesNotMatch(text, /account\/password/)
  assert.equal((await openPage(person, `${urls.account}/password`)).status, 404)
})

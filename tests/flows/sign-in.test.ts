import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxContinuationLength } from '../../packages/server/src/authorize/continuation.ts'
import {
  formOf,
  isBack,
  openBack,
  openPage,
  password,
  send,
  setVisitScene,
  signedIn,
} from '../attacks/visiting.ts'
import { redeem, redirectUri, tokensOf } from '../support/connection.ts'
import { type Page, Person } from '../support/person.ts'

/** Sends a form that leads to another page of the server. */
async function go(person: Person, page: Page, filledIn: Record<string, string>): Promise<Page> {
  const next = await person.submit(formOf(page), filledIn, isBack)
  assert.ok(!(next instanceof URL), `back at the app: ${next}`)
  return next
}

test('a person signs in, allows an app and is back there, and the code gives what they granted', async () => {
  await using scene = await setVisitScene()
  const { app, server } = scene
  const person = new Person()
  const signIn = await openPage(person, scene.authorizeUrl())
  assert.match(signIn.text, /to continue to The App/)
  const consent = await go(person, signIn, { username: 'john.doe', password })
  assert.match(consent.text, /Allow The App/)
  const back = await person.submit(formOf(consent), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL)
  assert.deepEqual(
    [back.searchParams.get('state'), back.searchParams.get('iss')],
    ['a state', server.latchkey.config.issuer],
  )
  const answer = await redeem(server.latchkey.urls.token, app, back.searchParams.get('code') ?? '')
  tokensOf(answer)
  assert.equal(answer.body.scope, 'read')
})

test('a wrong password, a reload and the back button lose neither the username nor the way to the app', async () => {
  await using scene = await setVisitScene()
  const person = new Person()
  const first = await openPage(person, scene.authorizeUrl())
  const wrong = await go(person, first, { username: 'john.doe', password: 'wrong' })
  assert.equal(wrong.status, 400)
  assert.equal(formOf(wrong).fields.get('username'), 'john.doe')
  assert.match(wrong.text, /to continue to The App/)
  assert.match((await openPage(person, wrong.url)).text, /to continue to The App/)
  assert.match((await go(person, first, { username: 'john.doe', password })).text, /Allow The App/)
})

test('a person who denies is back at the app, which is told so and gets no code', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const before = await scene.rows()
  const consent = await openPage(person, scene.authorizeUrl())
  const back = await person.submit(formOf(consent), { decision: 'deny' }, isBack)
  assert.ok(back instanceof URL)
  assert.deepEqual(
    [back.searchParams.get('error'), back.searchParams.get('code'), back.searchParams.get('state')],
    ['access_denied', null, 'a state'],
  )
  assert.deepEqual(await scene.rows(), before)
})

test('of several who are signed in the person chooses, from the consent page too', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const person = await signedIn(scene, john, jane)
  const chooser = await openPage(person, scene.authorizeUrl())
  assert.equal(chooser.url.pathname, '/choose-account')
  const asJohn = await go(person, chooser, { account: john.id })
  assert.match(asJohn.text, /John Doe/)
  const again = asJohn.links.find(({ url }) => url.pathname === '/choose-account')
  assert.ok(again)
  const asJane = await go(person, await openPage(person, again.url), { account: jane.id })
  assert.match(asJane.text, /Jane Black/)
  const back = await person.submit(formOf(asJane), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL)
  const [code] = await scene.parts.store.database.kysely
    .selectFrom('authorization_codes')
    .selectAll()
    .execute()
  assert.equal(code?.user_id, jane.id)
})

test('another account is added beside those who are signed in, and is the one that goes on', async () => {
  await using scene = await setVisitScene({ accountChooser: 'always' })
  const person = await signedIn(scene, scene.john)
  const chooser = await openPage(person, scene.authorizeUrl())
  const other = chooser.links.find(({ url }) => url.pathname === '/sign-in')
  assert.ok(other)
  const consent = await go(person, await openPage(person, other.url), { username: 'jane.black', password })
  assert.match(consent.text, /Jane Black/)
  const next = await openPage(person, scene.authorizeUrl())
  assert.ok(next.text.includes('John Doe') && next.text.includes('Jane Black'))
})

test('login_hint fills the sign-in form, or picks the account', async () => {
  await using scene = await setVisitScene()
  const hinted = scene.authorizeUrl({ login_hint: 'jane.black' })
  const page = await openPage(new Person(), hinted)
  assert.equal(formOf(page).fields.get('username'), 'jane.black')
  const person = await signedIn(scene, scene.john, scene.jane)
  assert.match((await openPage(person, hinted)).text, /Allow The App[\s\S]*Jane Black/)
})

test('where one connection is allowed the consent page says that it replaces the last, and asks each time', async () => {
  await using scene = await setVisitScene({ connections: 'one' })
  const { app, server } = scene
  const person = await signedIn(scene, scene.john)
  const allow = async () => {
    const consent = await openPage(person, scene.authorizeUrl())
    const back = await person.submit(formOf(consent), { decision: 'allow' }, isBack)
    assert.ok(back instanceof URL)
    tokensOf(await redeem(server.latchkey.urls.token, app, back.searchParams.get('code') ?? ''))
    return consent.text
  }
  assert.doesNotMatch(await allow(), /the connection to The App that you made/)
  assert.match(await allow(), /the connection to The App that you made/)
})

test('the consent page says who made the app and where the person returns to, and its form may lead anywhere', async () => {
  for (const [app, facts] of [
    [{}, ['Made by \u2068API\u2069', 'app<wbr>.example<wbr>.com']],
    [
      { publisher: 'Example Ltd', redirectUris: ['com.example.app:/cb'] },
      ['Made by \u2068Example Ltd\u2069'],
    ],
    [{ redirectUris: ['http://[::1]/cb'] }, ['this device']],
  ] as const) {
    await using scene = await setVisitScene({}, app)
    const person = await signedIn(scene, scene.john)
    const response = await person.fetch(scene.authorizeUrl({ redirect_uri: undefined }))
    const text = await response.text()
    for (const fact of facts) assert.match(text, new RegExp(fact, 'i'))
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.doesNotMatch(policy, /form-action/)
  }
})

test('by response_mode=form_post the answer is a form to the app, which works without JavaScript', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const consent = await openPage(person, scene.authorizeUrl({ response_mode: 'form_post' }))
  const response = await send(person, formOf(consent), { decision: 'allow' })
  assert.equal(response.status, 200)
  assert.doesNotMatch(response.headers.get('content-security-policy') ?? '', /form-action/)
  assert.equal(response.headers.get('referrer-policy'), 'strict-origin')
  const text = await response.text()
  const fields = Object.fromEntries(
    [...text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  assert.ok(text.includes(`action="${redirectUri}"`))
  assert.deepEqual([Object.keys(fields).sort(), fields.state], [['code', 'iss', 'state'], 'a state'])
})

test('an app whose API needs a scope is told when the person lacks it, in its dialect too', async () => {
  await using scene = await setVisitScene(
    { dialect: 'make-academy', scopes: { connect: 'Connect', read: 'Read' }, accountChooser: 'when_several' },
    { scope: 'connect read' },
  )
  const { john, parts } = scene
  const person = await signedIn(scene, john)
  const without = await openBack(person, scene.authorizeUrl({ scope: 'read' }))
  assert.equal(without.get('error'), 'invalid_scope')
  assert.equal(without.get('error.message'), without.get('error_description'))
  await parts.store.users.setScope(john.id, 'read', {
    at: parts.clock(),
    actor: 'x',
    action: 'x',
    subject: 'x',
  })
  const denied = await openBack(person, scene.authorizeUrl({ scope: 'connect read' }))
  assert.deepEqual([denied.get('error'), denied.has('error.message')], ['access_denied', true])
})

test('an app without a redirect_uri in its request gets its answer at the only one it has', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const consent = await openPage(person, scene.authorizeUrl({ redirect_uri: undefined }))
  const back = await person.submit(formOf(consent), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL && back.href.startsWith(redirectUri))
})

test('whoever comes to sign in without an app goes to their account page, at once when they are signed in', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const person = new Person()
  const next = await go(person, await openPage(person, urls.signIn), { username: 'john.doe', password })
  assert.equal(next.url.href, urls.account)
  assert.equal((await openPage(person, urls.signIn)).url.href, urls.account)
  assert.equal((await openPage(person, `${urls.signIn}?add=1`)).url.pathname, '/sign-in')
})

test('too many wrong passwords: the page says when to try again, and so does Retry-After', async () => {
  await using scene = await setVisitScene()
  const person = new Person()
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const attempt = () => send(person, form, { username: 'john.doe', password: 'wrong' })
  let response = await attempt()
  for (let count = 0; count < 50 && response.status === 400; count++) response = await attempt()
  assert.equal(response.status, 429)
  assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  assert.match(await response.text(), /value="john\.doe"/)
})

test('a person of another system sees what they sign in with, and an app can name them by it', async () => {
  const verify = async (username: string, words: string) =>
    username === 'ann@corp' && words === password ? { id: '42', name: 'Ann' } : undefined
  await using scene = await setVisitScene({ people: { verify } })
  const { urls } = scene.server.latchkey
  const person = new Person()
  const account = await go(person, await openPage(person, urls.signIn), { username: 'ann@corp', password })
  assert.equal(account.url.href, urls.account)
  const again = await openPage(person, scene.authorizeUrl({ prompt: 'login' }))
  assert.equal(formOf(again).fields.get('username'), 'ann@corp')
  const consent = await go(person, again, { password })
  const hinted = await openPage(person, scene.authorizeUrl({ login_hint: 'ann@corp' }))
  for (const { text } of [account, consent, hinted]) {
    assert.match(text, /ann<wbr>@corp/)
    assert.doesNotMatch(text, /external:/)
  }
})

test('a form that is sent twice at once signs in beside those who are signed in', async () => {
  await using scene = await setVisitScene()
  const { urls, store } = scene.server.latchkey
  const person = await signedIn(scene, scene.john)
  scene.wait(1)
  const form = formOf(await openPage(person, `${urls.signIn}?add=1`))
  const filledIn = { username: 'jane.black', password }
  const answers = await Promise.all([send(person, form, filledIn), send(person, form, filledIn)])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [303, 303],
  )
  // Whichever answer the browser keeps, both are signed in in it.
  const { kysely } = store.database
  for (const { id } of await kysely.selectFrom('sessions').select('id').execute()) {
    const accounts = kysely.selectFrom('session_accounts').select('user_id').where('session_id', '=', id)
    const ids = (await accounts.execute()).map(({ user_id }) => user_id)
    assert.deepEqual(ids.sort(), [scene.jane.id, scene.john.id].sort())
  }
})

test('a request as long as may be goes all the way', async () => {
  await using scene = await setVisitScene()
  const person = new Person()
  const without = scene.authorizeUrl({ state: '' })
  const { pathname, search } = new URL(without)
  const state = 'x'.repeat(maxContinuationLength - pathname.length - search.length)
  const signIn = await openPage(person, scene.authorizeUrl({ state }))
  const consent = await go(person, signIn, { username: 'john.doe', password })
  const back = await person.submit(formOf(consent), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL)
  assert.equal(back.searchParams.get('state'), state)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addPerson, redeem, registerCodeClient } from '../support/connection.ts'
import { Person } from '../support/person.ts'
import {
  formOf,
  isBack,
  openBack,
  openPage,
  password,
  send,
  setVisitScene,
  signedIn,
  signIn,
  type VisitScene,
} from './visiting.ts'

/** What a form of another site, or of another browser, can bring along. */
const foreign = (token: string | undefined) => [
  { change: { form_token: undefined } },
  { change: { form_token: '' } },
  { change: { form_token: 'x'.repeat(43) } },
  { change: { form_token: token } },
  { headers: { origin: 'https://evil.com' } },
  { headers: { origin: 'null' } },
  { headers: { 'sec-fetch-site': 'cross-site' } },
  { headers: { 'sec-fetch-site': 'same-site' } },
]

/** Asks for a page in another browser, and gives the token of its form. */
const tokenElsewhere = async (person: Person, url: string) =>
  formOf(await openPage(person, url)).fields.get('form_token')

const setsSession = (response: Response) =>
  response.headers.getSetCookie().some((line) => line.includes('session'))

test('58: signing in gives the browser a new session id, and the one before it opens nothing', async () => {
  await using scene = await setVisitScene()
  const { account, signIn: signInUrl } = scene.server.latchkey.urls
  const person = new Person()
  const sessionIds: string[] = []
  for (const user of [scene.john, scene.jane]) {
    const form = formOf(await openPage(person, `${signInUrl}?add=1`))
    const response = await send(person, form, { username: user.username, password })
    sessionIds.push(response.headers.getSetCookie().join('; '))
  }
  const [first = '', second = ''] = sessionIds.map((line) => line.split(';', 1)[0])
  assert.notEqual(first, second)
  const statusWith = async (cookie: string) =>
    (await fetch(account, { headers: { cookie }, redirect: 'manual' })).status
  assert.deepEqual([await statusWith(first), await statusWith(second)], [303, 200])
})

test('59: a sign-in form that is not of this browser or not of this site signs nobody in, and is shown again', async () => {
  await using scene = await setVisitScene()
  const { signIn: url } = scene.server.latchkey.urls
  const person = new Person()
  const form = formOf(await openPage(person, url))
  const before = await scene.rows()
  for (const { change, headers } of foreign(await tokenElsewhere(new Person(), url))) {
    const filledIn = { username: scene.john.username, password, ...change }
    const response = await send(person, form, filledIn, headers)
    assert.equal(response.status, 400, JSON.stringify({ change, headers }))
    assert.equal(setsSession(response), false)
    const text = await response.text()
    assert.ok(text.includes('value="john.doe"') && !text.includes(password))
    assert.deepEqual(await scene.rows(), before)
  }
  const response = await send(person, form, { username: scene.john.username, password })
  assert.deepEqual([response.status, setsSession(response)], [303, true])
})

test('59: a form in one tab stays good when somebody signs in in another', async () => {
  await using scene = await setVisitScene()
  const person = new Person()
  const page = await openPage(person, scene.authorizeUrl())
  await signIn(scene, person, scene.jane)
  const next = await person.submit(formOf(page), { username: 'john.doe', password }, isBack)
  assert.ok(!(next instanceof URL))
  assert.match(next.text, /John Doe/)
})

test('59: a chooser form that is not of this browser or site chooses nobody', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const person = await signedIn(scene, john, jane)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const other = await tokenElsewhere(await signedIn(scene, john, jane), scene.authorizeUrl())
  for (const { change, headers } of foreign(other)) {
    const response = await send(person, form, { account: john.id, ...change }, headers)
    assert.deepEqual(
      [response.status, response.headers.get('location')],
      [400, null],
      JSON.stringify({ change, headers }),
    )
  }
  const response = await send(person, form, { account: john.id })
  assert.match(response.headers.get('location') ?? '', /interaction=/)
})

test('59: a consent that is not of this browser or site gives no code', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const other = await tokenElsewhere(await signedIn(scene, scene.john), scene.authorizeUrl())
  const before = await scene.rows()
  for (const { change, headers } of foreign(other)) {
    for (const decision of ['allow', 'deny']) {
      const response = await send(person, form, { decision, ...change }, headers)
      await assertAskedAgain(scene, response)
    }
  }
  assert.deepEqual(await scene.rows(), before)
})

/** Nothing was taken: the browser is led to the page anew, never to the app. */
async function assertAskedAgain(scene: VisitScene, response: Response): Promise<void> {
  assert.equal(response.status, 303)
  assert.equal(new URL(response.headers.get('location') ?? '').origin, scene.server.url)
}

test('60: a scope, client, state or redirect URI that was changed in the consent form is not allowed', async () => {
  await using scene = await setVisitScene()
  const other = await registerCodeClient(scene.parts)
  const person = await signedIn(scene, scene.john)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const asked = form.fields.get('continue') ?? ''
  const before = await scene.rows()
  for (const [from, to] of [
    ['scope=read', 'scope=read+write'],
    ['scope=read', 'scope='],
    [scene.app.id, other.id],
    ['state=a+state', 'state=another'],
  ] as const) {
    assert.ok(asked.includes(from))
    const response = await send(person, form, { decision: 'allow', continue: asked.replace(from, to) })
    await assertAskedAgain(scene, response)
  }
  for (const elsewhere of [
    'https://evil.com/',
    '//evil.com/',
    '/token',
    '/account',
    `${asked}#x`,
    `${scene.server.url}${asked}`,
  ]) {
    const response = await send(person, form, { decision: 'allow', continue: elsewhere })
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], elsewhere)
  }
  for (const decision of [undefined, '', 'ALLOW', 'yes'])
    await assertAskedAgain(scene, await send(person, form, { decision }))
  assert.deepEqual(await scene.rows(), before)
})

test('60: nobody can write into a request that a person was chosen for it, or signed in for it', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const person = await signedIn(scene, john, jane)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const chosen = (await send(person, form, { account: john.id })).headers.get('location') ?? ''
  assert.match((await openPage(person, chosen)).text, /Allow The App/)
  const forgeries = [
    chosen.replace(john.id, jane.id),
    chosen.replace('scope=read', 'scope=write'),
    chosen.replace(/interaction=\d+/, 'interaction=1700000000'),
    chosen.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    chosen.replace(/interaction=.*/, `interaction=1800000000.${john.id}.`),
  ]
  for (const url of forgeries)
    assert.equal((await openPage(person, url)).url.pathname, '/choose-account', url)
  scene.wait(3_600)
  assert.equal((await openPage(person, chosen)).url.pathname, '/choose-account')
})

test('61: no page of ours can be framed', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const { signIn: signInUrl, account } = scene.server.latchkey.urls
  for (const url of [
    `${signInUrl}?add=1`,
    account,
    scene.authorizeUrl(),
    scene.authorizeUrl({ client_id: 'unknown' }),
  ]) {
    const { headers } = await person.fetch(url)
    assert.equal(headers.get('x-frame-options'), 'DENY', url)
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    assert.equal(headers.get('cache-control'), 'no-store')
  }
})

test('62: consent is bound to the person: signed in as another one, the same form allows nothing', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const person = await signedIn(scene, john)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const { signOut } = scene.server.latchkey.urls
  const out = formOf(await openPage(person, signOut))
  await person.submit(out, {})
  await assertAskedAgain(scene, await send(person, form, { decision: 'allow' }))
  await signIn(scene, person, jane)
  await assertAskedAgain(scene, await send(person, form, { decision: 'allow' }))
  assert.deepEqual(
    await scene.parts.store.database.kysely.selectFrom('authorization_codes').selectAll().execute(),
    [],
  )
})

test('62: a person whose permissions changed since is shown the page anew, and grants no more than they may', async () => {
  await using scene = await setVisitScene()
  const { john, parts } = scene
  const event = { at: parts.clock(), actor: 'test', action: 'x', subject: 'y' }
  const person = await signedIn(scene, john)
  const url = scene.authorizeUrl({ scope: 'read write' })
  const form = formOf(await openPage(person, url))
  await parts.store.users.setScope(john.id, 'read', event)
  await assertAskedAgain(scene, await send(person, form, { decision: 'allow' }))
  const page = await openPage(person, url)
  assert.match(page.text, /withheld-title/)
  const back = await person.submit(formOf(page), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL)
  const [code] = await parts.store.database.kysely.selectFrom('authorization_codes').selectAll().execute()
  assert.deepEqual([code?.user_id, code?.scope], [john.id, 'read'])
  await parts.store.users.setScope(john.id, '', event)
  assert.equal((await openBack(person, url)).get('error'), 'access_denied')
})

test('63: prompt=none asks nobody: it says what would have to be asked', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const silently = (change: Record<string, string> = {}) => scene.authorizeUrl({ prompt: 'none', ...change })
  const errorOf = async (person: Person, url: string) => (await openBack(person, url)).get('error')
  assert.equal(await errorOf(new Person(), silently()), 'login_required')
  const both = await signedIn(scene, john, jane)
  assert.equal(await errorOf(both, silently()), 'account_selection_required')
  assert.equal(await errorOf(both, silently({ login_hint: 'john.doe' })), 'consent_required')
  scene.wait(100)
  assert.equal(await errorOf(both, silently({ login_hint: 'john.doe', max_age: '50' })), 'login_required')
})

/** Another API of the owner's. */
const other = 'https://other.example.com'

test('63: prompt=none gives a code where the person allowed as much before, and no more than that', async () => {
  await using scene = await setVisitScene({ resources: [other] })
  const { app, server } = scene
  const person = await signedIn(scene, scene.john)
  const page = await openPage(person, scene.authorizeUrl())
  const back = await person.submit(formOf(page), { decision: 'allow' }, isBack)
  assert.ok(back instanceof URL)
  assert.equal(
    (await redeem(server.latchkey.urls.token, app, back.searchParams.get('code') ?? '')).status,
    200,
  )
  assert.ok((await openBack(person, scene.authorizeUrl({ prompt: 'none' }))).get('code'))
  assert.ok((await openBack(person, scene.authorizeUrl())).get('code'))
  const wider = await openBack(person, scene.authorizeUrl({ prompt: 'none', scope: 'read write' }))
  assert.equal(wider.get('error'), 'consent_required')
  const elsewhere = await openBack(person, scene.authorizeUrl({ prompt: 'none', resource: other }))
  assert.equal(elsewhere.get('error'), 'consent_required')
  assert.match((await openPage(person, scene.authorizeUrl({ prompt: 'consent' }))).text, /decision/)
})

test('63: a public app is allowed anew each time, for anyone could pretend to be it', async () => {
  await using scene = await setVisitScene({}, { type: 'public' })
  const person = await signedIn(scene, scene.john)
  const back = await person.submit(
    formOf(await openPage(person, scene.authorizeUrl())),
    { decision: 'allow' },
    isBack,
  )
  assert.ok(back instanceof URL)
  const code = back.searchParams.get('code') ?? ''
  assert.equal((await redeem(scene.server.latchkey.urls.token, scene.app, code)).status, 200)
  assert.match((await openPage(person, scene.authorizeUrl())).text, /decision/)
})

test('63: prompt=login and max_age take the password anew, once', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  scene.wait(100)
  for (const change of [{ prompt: 'login' }, { max_age: '60' }, { max_age: '0' }]) {
    const page = await openPage(person, scene.authorizeUrl(change))
    assert.equal(page.url.pathname, '/sign-in', JSON.stringify(change))
    assert.equal(formOf(page).fields.get('username'), 'john.doe')
    const wrong = await person.submit(formOf(page), { password: 'wrong' }, isBack)
    assert.ok(!(wrong instanceof URL))
    assert.deepEqual([wrong.status, wrong.url.pathname], [400, '/sign-in'])
    const next = await person.submit(formOf(wrong), { password }, isBack)
    assert.ok(!(next instanceof URL))
    assert.match(next.text, /Allow The App/)
    assert.ok((await person.submit(formOf(next), { decision: 'allow' }, isBack)) instanceof URL)
    scene.wait(100)
  }
  assert.equal((await openPage(person, scene.authorizeUrl({ max_age: '6000' }))).url.pathname, '/authorize')
})

test('63: choosing an account does not stand for signing in to it', async () => {
  await using scene = await setVisitScene()
  const { john, jane } = scene
  const person = await signedIn(scene, john, jane)
  scene.wait(100)
  const chooser = await openPage(person, scene.authorizeUrl({ prompt: 'select_account login' }))
  assert.equal(chooser.url.pathname, '/choose-account')
  const page = await person.submit(formOf(chooser), { account: jane.id }, isBack)
  assert.ok(!(page instanceof URL))
  assert.deepEqual([page.url.pathname, formOf(page).fields.get('username')], ['/sign-in', 'jane.black'])
})

test('64: an account that is not signed in in this browser cannot be chosen', async () => {
  await using scene = await setVisitScene({ accountChooser: 'always' })
  const { john, jane } = scene
  const person = await signedIn(scene, john)
  const other = await signedIn(scene, jane)
  const page = await openPage(person, scene.authorizeUrl())
  assert.equal(page.url.pathname, '/choose-account')
  for (const account of [jane.id, undefined, '', 'unknown', jane.username]) {
    const response = await send(person, formOf(page), { account })
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], String(account))
  }
  const form = formOf(await openPage(other, scene.authorizeUrl()))
  const chosen = (await send(other, form, { account: jane.id })).headers.get('location') ?? ''
  assert.match((await openPage(other, chosen)).text, /Jane Black/)
  const replayed = await openPage(person, chosen)
  assert.equal(replayed.url.pathname, '/choose-account')
  assert.ok(!replayed.text.includes('Jane Black'))
})

test('65: an unknown person, a wrong password and a missing one get the same words', async () => {
  await using scene = await setVisitScene()
  const texts: string[] = []
  for (const filledIn of [
    { username: 'john.doe', password: 'wrong' },
    { username: 'nobody', password: 'wrong' },
    { username: 'nobody', password: undefined },
    { username: 'john.doe', password: undefined },
  ]) {
    const person = new Person()
    const form = formOf(await openPage(person, scene.authorizeUrl()))
    const response = await send(person, form, filledIn)
    assert.equal(response.status, 400)
    const text = await response.text()
    texts.push(text.replaceAll(String(filledIn.username), '').replace(/name="form_token" value="[^"]*"/, ''))
  }
  assert.deepEqual(new Set(texts).size, 1)
})

test('68: markup in the name of an app or a person, in state and in what is filled in, stays text', async () => {
  const markup = '<script>alert(1)</script>"\'><b>x'
  await using scene = await setVisitScene({}, { name: markup, publisher: markup })
  const { username } = await addPerson(scene.parts, { name: markup })
  const assertPlain = (text: string) => {
    assert.ok(!text.includes('<script>') && !text.includes('<b>x') && !text.includes('"\'>'), text)
    assert.ok(text.includes('&lt;script&gt;'), text)
  }
  const person = new Person()
  const url = scene.authorizeUrl({ state: markup, login_hint: markup })
  const signInPage = await openPage(person, url)
  assertPlain(signInPage.text)
  const wrong = await person.submit(formOf(signInPage), { username: markup, password: markup }, isBack)
  assert.ok(!(wrong instanceof URL))
  assertPlain(wrong.text)
  const consent = await person.submit(formOf(wrong), { username, password }, isBack)
  assert.ok(!(consent instanceof URL))
  assertPlain(consent.text)
  const back = await person.submit(formOf(consent), { decision: 'deny' }, isBack)
  assert.ok(back instanceof URL)
  assert.equal(back.searchParams.get('state'), markup)
  const posted = await openPage(
    person,
    scene.authorizeUrl({ state: markup, response_mode: 'form_post', prompt: 'none', login_hint: 'nobody' }),
  )
  assertPlain(posted.text)
})

test('69: after sign-in and the choice of an account nobody is led elsewhere', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  for (const elsewhere of [
    'https://evil.com/',
    '//evil.com/authorize',
    '/\\evil.com',
    '/authorize/../../evil',
    '/authorize@evil.com',
    'javascript:alert(1)',
    '/sign-out',
    `${scene.server.url}/authorize?x`,
    `/authorize?x=${'y'.repeat(5_000)}`,
    '/authorize\r\nset-cookie: x=y',
  ]) {
    const person = new Person()
    const query = new URLSearchParams({ continue: elsewhere })
    const form = formOf(await openPage(person, `${urls.signIn}?${query}`))
    const response = await send(person, form, { username: 'john.doe', password })
    assert.equal(response.headers.get('location'), urls.account, elsewhere)
    const chosen = await person.fetch(`${urls.chooseAccount}?${query}`)
    assert.equal(chosen.headers.get('location'), urls.account, elsewhere)
  }
})

test('85: line breaks in state reach the app encoded, and split no header', async () => {
  await using scene = await setVisitScene()
  const state = 'a\r\nset-cookie: x=y\r\n\r\n<html>'
  const response = await (await signedIn(scene, scene.john)).fetch(
    scene.authorizeUrl({ state, scope: 'nothing' }),
  )
  const location = new URL(response.headers.get('location') ?? '')
  assert.equal(location.searchParams.get('state'), state)
  assert.ok(!response.headers.getSetCookie().some((line) => line.startsWith('x=')))
})

test('26: the redirect with a code is kept by no cache and named in no referrer', async () => {
  await using scene = await setVisitScene()
  const person = await signedIn(scene, scene.john)
  const form = formOf(await openPage(person, scene.authorizeUrl()))
  const { headers } = await send(person, form, { decision: 'allow' })
  const code = new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''
  assert.equal(code.length, 52)
  assert.deepEqual(
    [headers.get('cache-control'), headers.get('referrer-policy')],
    ['no-store', 'no-referrer'],
  )
  assert.ok(!scene.server.log().includes(code))
})

test('a form with a username or password in its address is refused, and signs nobody in', async () => {
  await using scene = await setVisitScene()
  const person = new Person()
  const form = formOf(await openPage(person, scene.server.latchkey.urls.signIn))
  const filledIn = { username: 'john.doe', password }
  for (const name of ['username', 'password', 'form_token'] as const) {
    const action = new URL(form.action)
    action.searchParams.set(name, { form_token: form.fields.get('form_token') ?? '', ...filledIn }[name])
    const answer = await send(person, { ...form, action }, { ...filledIn, [name]: undefined })
    assert.equal(answer.status, 400, name)
  }
  assert.equal((await send(person, form, filledIn)).status, 303)
})

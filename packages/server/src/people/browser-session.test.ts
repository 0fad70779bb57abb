import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../base/hash.ts'
import { openTestStore, type TestStore } from '../store/testing/databases.ts'
import { event, now, user } from '../store/testing/rows.ts'
import { type BrowserSessions, createBrowserSessions } from './browser-session.ts'
import { cookieJarOf } from './cookies.ts'

const issuer = 'https://auth.example.com/login'
const day = 86_400

/** With a hash of the issuer's path. */
const sessionCookie = `__Host-latchkey_session_${sha256('/login').slice(0, 8)}`

interface Change {
  issuer?: string
  secrets?: string[]
  clock?: () => number
}

const sessionsOf = (at: TestStore, change: Change = {}): BrowserSessions =>
  createBrowserSessions({
    config: {
      issuer: change.issuer ?? issuer,
      secrets: change.secrets ?? ['a secret'],
      sessionIdleLifetimeSeconds: 7 * day,
      sessionLifetimeSeconds: 30 * day,
    },
    clock: change.clock ?? (() => now),
    store: at.store,
  })

const request = (cookie?: string, headers: Record<string, string> = {}) =>
  new Request(`${issuer}/sign-in`, { headers: cookie === undefined ? headers : { ...headers, cookie } })

/** What a browser sends back. */
const sent = (...setCookies: string[]) => setCookies.map((text) => text.split(';', 1)[0]).join('; ')

async function addPeople(at: TestStore) {
  for (const id of ['john', 'jane']) await at.store.users.add(user(id), event())
}

const john = { id: 'john', epoch: 0 }
const jane = { id: 'jane', epoch: 0 }

test('a browser gets an id at its first page, keeps it, and is signed in as nobody', async () => {
  await using at = await openTestStore('SQLite')
  const browsers = sessionsOf(at)
  const first = await browsers.read(request())
  const [cookie = ''] = browsers.cookies(first)
  assert.deepEqual([first.isNew, first.accounts, first.session], [true, [], undefined])
  const again = await browsers.read(request(sent(cookie)))
  assert.deepEqual([again.id, again.isNew, browsers.cookies(again)], [first.id, false, []])
})

test('cookies are out of reach for scripts, other hosts and other sites', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const browser = await browsers.read(request())
  const cookies = [...browsers.cookies(browser), ...((await browsers.signIn(browser, john)) ?? [])]
  assert.equal(cookies.length, 2)
  for (const cookie of cookies) {
    assert.match(
      cookie,
      /^__Host-latchkey_[\w-]+=[a-z2-7]{52}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
  }
})

test('on loopback http a cookie has a plain name that carries the port', async () => {
  await using at = await openTestStore('SQLite')
  const browsers = sessionsOf(at, { issuer: 'http://127.0.0.1:3000' })
  const [cookie = ''] = browsers.cookies(await browsers.read(request()))
  assert.match(cookie, /^latchkey_browser_3000=[a-z2-7]{52}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
  const elsewhere = sessionsOf(at, { issuer: 'http://127.0.0.1:3001' })
  assert.equal((await elsewhere.read(request(sent(cookie)))).isNew, true)
})

test('58: signing in changes the session id: the one before it signs nobody in any more', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const first = sent(...((await browsers.signIn(await browsers.read(request()), john)) ?? []))
  const browser = await browsers.read(request(first))
  assert.deepEqual(
    browser.accounts.map(({ id }) => id),
    ['john'],
  )
  const second = sent(...((await browsers.signIn(browser, jane)) ?? []))
  assert.notEqual(first, second)
  assert.deepEqual((await browsers.read(request(first))).accounts, [])
  assert.deepEqual((await browsers.read(request(second))).accounts.map(({ id }) => id).sort(), [
    'jane',
    'john',
  ])
})

test('58: a session id that an attacker planted is not taken over by whoever signs in', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const planted = `${sessionCookie}=${'a'.repeat(52)}`
  const given = sent(...((await browsers.signIn(await browsers.read(request(planted)), john)) ?? []))
  assert.notEqual(given, planted)
  assert.deepEqual((await browsers.read(request(planted))).accounts, [])
})

test('the store has only the hash of a session, and a person who was disabled meanwhile is not signed in', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const cookie = sent(...((await browsers.signIn(await browsers.read(request()), john)) ?? []))
  const rows = await at.store.database.kysely.selectFrom('sessions').selectAll().execute()
  assert.equal(rows.length, 1)
  assert.ok(!JSON.stringify(rows).includes(cookie.split('=')[1] ?? ''))
  await at.store.users.disable('jane', event())
  assert.equal(await browsers.signIn(await browsers.read(request(cookie)), jane), undefined)
  await at.store.users.disable('john', event())
  assert.deepEqual((await browsers.read(request(cookie))).accounts, [])
})

test('a session ends a lifetime after its last sign-in however often it is used, and its cookie with it', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  let time = now
  const browsers = sessionsOf(at, { clock: () => time })
  const [first = ''] = (await browsers.signIn(await browsers.read(request()), john)) ?? []
  assert.match(first, new RegExp(`Max-Age=${30 * day};`))
  for (const days of [5, 10, 15, 20]) {
    time = now + days * day
    assert.equal((await browsers.read(request(sent(first)))).accounts.length, 1)
  }
  const [second = ''] = (await browsers.signIn(await browsers.read(request(sent(first))), jane)) ?? []
  assert.match(second, new RegExp(`Max-Age=${30 * day};`))
  for (const [days, count] of [
    [25, 2],
    [30, 1],
    [36, 1],
    [42, 1],
    [48, 1],
    [50, 0],
  ] as const) {
    time = now + days * day
    assert.equal((await browsers.read(request(sent(second)))).accounts.length, count, `${days} days`)
  }
})

test('a form that was sent twice signs in beside whoever was signed in, even where the second came late', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const before = sent(...((await browsers.signIn(await browsers.read(request()), john)) ?? []))
  const first = sent(...((await browsers.signIn(await browsers.read(request(before)), jane)) ?? []))
  const second = await browsers.read(request(before))
  assert.deepEqual(second.accounts, [])
  const cookie = sent(...((await browsers.signIn(second, jane)) ?? []))
  const ids = (await browsers.read(request(cookie))).accounts.map(({ id }) => id)
  assert.ok(ids.includes('jane'))
  // Whichever answer the browser keeps, it is signed in.
  assert.equal((await browsers.read(request(first))).accounts.length, 2)
})

test('two issuers on one host have cookies of different names', () => {
  const names = [
    'https://auth.example.com',
    'https://auth.example.com:8443',
    'https://auth.example.com/eu',
    'https://auth.example.com/us',
    'http://127.0.0.1:3000/eu',
    'http://127.0.0.1:3000/us',
    'http://127.0.0.1:3000',
  ].map((one) => cookieJarOf(one).write('session', '', 0).split('=', 1)[0])
  assert.equal(new Set(names).size, names.length)
  assert.equal(names[0], '__Host-latchkey_session')
})

test('signing one person out leaves the others; the last one takes the cookie along', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  let cookie = sent(...((await browsers.signIn(await browsers.read(request()), john)) ?? []))
  cookie = sent(...((await browsers.signIn(await browsers.read(request(cookie)), jane)) ?? []))
  assert.deepEqual(await browsers.signOut(await browsers.read(request(cookie)), 'john'), [])
  const left = await browsers.read(request(cookie))
  assert.deepEqual(
    left.accounts.map(({ id }) => id),
    ['jane'],
  )
  const [cleared = ''] = await browsers.signOut(left)
  assert.ok(cleared.startsWith(`${sessionCookie}=; Max-Age=0;`))
  assert.equal((await browsers.read(request(cookie))).session, undefined)
})

test('a cookie header that is huge, repeats a name or holds something else is no session', async () => {
  await using at = await openTestStore('SQLite')
  await addPeople(at)
  const browsers = sessionsOf(at)
  const cookie = sent(...((await browsers.signIn(await browsers.read(request()), john)) ?? []))
  const isSignedIn = async (text: string) => (await browsers.read(request(text))).accounts.length > 0
  assert.equal(await isSignedIn(`a=b; ${cookie}; c=d`), true)
  for (const hostile of [
    `${cookie}; ${cookie}`,
    `${cookie}x`,
    `${cookie.toUpperCase()}`,
    `${cookie}; a=${'x'.repeat(20_000)}`,
    `x${cookie}`,
    cookie.replace('=', ' ='),
    `${sessionCookie}=%00`,
    ';;;===;',
    `${sessionCookie}=' or 1=1 --`,
  ])
    assert.equal(await isSignedIn(hostile), false, hostile.slice(0, 100))
})

test('59: a form is ours only with the token of this browser and this purpose', async () => {
  await using at = await openTestStore('SQLite')
  const browsers = sessionsOf(at)
  const browser = await browsers.read(request())
  const other = await browsers.read(request())
  const token = browsers.formToken(browser, 'consent')
  assert.equal(browsers.isOurForm(request(), browser, token, 'consent'), true)
  assert.equal(browsers.isOurForm(request(), other, token, 'consent'), false)
  assert.equal(browsers.isOurForm(request(), browser, token, 'sign in'), false)
  for (const wrong of [undefined, '', token.slice(1), `${token}x`, 'é'.repeat(43)])
    assert.equal(browsers.isOurForm(request(), browser, wrong, 'consent'), false)
})

test('59: a form that a browser says is of another origin is not ours, however right its token', async () => {
  await using at = await openTestStore('SQLite')
  const browsers = sessionsOf(at)
  const browser = await browsers.read(request())
  const token = browsers.formToken(browser, 'x')
  const isOurs = (headers: Record<string, string>) =>
    browsers.isOurForm(request(undefined, headers), browser, token, 'x')
  for (const headers of [
    { origin: 'https://auth.example.com' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])
    assert.equal(isOurs(headers), true, JSON.stringify(headers))
  for (const headers of [
    { origin: 'null' },
    { origin: 'https://evil.com' },
    { origin: 'http://auth.example.com' },
    { origin: 'https://auth.example.com.evil.com' },
    { origin: 'https://auth.example.com', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])
    assert.equal(isOurs(headers), false, JSON.stringify(headers))
})

test('while LATCHKEY_SECRET changes, a form of the old secret still passes, and new forms are of the new one', async () => {
  await using at = await openTestStore('SQLite')
  const old = sessionsOf(at, { secrets: ['old'] })
  const both = sessionsOf(at, { secrets: ['new', 'old'] })
  const onlyNew = sessionsOf(at, { secrets: ['new'] })
  const browser = await old.read(request())
  assert.equal(both.isOurForm(request(), browser, old.formToken(browser, 'x'), 'x'), true)
  assert.equal(onlyNew.isOurForm(request(), browser, both.formToken(browser, 'x'), 'x'), true)
  assert.equal(onlyNew.isOurForm(request(), browser, old.formToken(browser, 'x'), 'x'), false)
})

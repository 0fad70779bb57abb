import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { linkLifetimeSeconds } from '../../packages/server/src/pages/mail-links.ts'
import { addPerson, codeChallenge, password, redirectUri, registerCodeClient } from '../support/connection.ts'
import { startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { askForMail, type MailScene, mailAfter, openPage, setMailScene, submit } from '../support/mailing.ts'
import { type Page, Person } from '../support/person.ts'
import type { TestServerOptions } from '../support/server.ts'
import { linkIn } from '../support/smtp.ts'

const john = { email: 'john.doe@example.com', name: 'John Doe', password: 'a password of John alone' }

const countUsers = async ({ store }: MailScene): Promise<number> => (await store.users.list(100)).length

test('a person signs up by mail, is signed in, and the link does nothing any more', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const mail = await mailAfter(mailServer, () => askForMail(person, urls.signUp, ' John.Doe@Example.com '))
  assert.deepEqual(mail.to, [john.email])
  assert.match(mail.headers.get('subject') ?? '', /Example/)
  const link = linkIn(mail)
  assert.ok(link.startsWith(`${urls.signUp}/confirm?token=`))
  const account = await submit(person, await openPage(person, link), {
    name: john.name,
    password: john.password,
  })
  assert.equal(account.url.href, urls.account)
  assert.match(account.text, /John Doe/)
  const user = await store.users.findByUsername(john.email)
  assert.deepEqual([user?.email, user?.name], [john.email, john.name])
  assert.equal((await openPage(person, link)).status, 410)
  assert.equal(await countUsers(scene), 1)
  const elsewhere = new Person()
  const signedIn = await submit(elsewhere, await openPage(elsewhere, urls.signIn), {
    username: john.email,
    password: john.password,
  })
  assert.equal(signedIn.url.href, urls.account)
})

test('opening the link spends nothing, however often, and neither does a form that was filled in wrongly', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer } = scene
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, john.email)))
  for (const scanner of [new Person(), new Person()]) {
    assert.equal((await openPage(scanner, link)).status, 200)
    assert.equal((await fetch(link, { method: 'HEAD' })).status, 200)
  }
  let page = await openPage(person, link)
  const wrong = [
    { name: '', password: john.password },
    { name: 'J'.repeat(201), password: john.password },
    { name: john.name, password: 'short' },
    { name: john.name, password: 'p'.repeat(1025) },
    { name: john.name, password: 'password' },
  ]
  for (const fields of wrong) {
    page = await submit(person, page, fields)
    assert.equal(page.status, 400)
    assert.equal(await countUsers(scene), 0)
  }
  assert.equal(
    (await submit(person, page, { name: john.name, password: john.password })).url.href,
    urls.account,
  )
})

test('50 posts of one link at once make one account', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer } = scene
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, john.email)))
  const page = await openPage(person, link)
  const fields = { name: john.name, password: john.password }
  const answers = await Promise.all(Array.from({ length: 50 }, () => submit(person, page, fields)))
  // Those who come too late are led on, where the throttle lets them say that the password is theirs.
  assert.ok(answers.some(({ url }) => url.href === urls.account))
  assert.ok(answers.every(({ status }) => status === 200 || status === 410))
  assert.equal(await countUsers(scene), 1)
})

test('of two links for one mailbox the second makes no second account', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const ask = async () =>
    linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, john.email)))
  const links = [await ask(), await ask()]
  const pages = await Promise.all(links.map((link) => openPage(person, link)))
  const answers = []
  for (const [index, page] of pages.entries())
    answers.push(await submit(person, page, { name: `John ${index}`, password: john.password }))
  assert.deepEqual(
    answers.map(({ url }) => url.href),
    [urls.account, urls.account],
  )
  assert.deepEqual(
    (await store.users.list(10)).map(({ name }) => name),
    ['John 0'],
  )
})

for (const kind of ['sign_up', 'reset_password'] as const) {
  test(`a link ends after its time (${kind})`, async () => {
    let now = systemClock()
    await using scene = await setMailScene({ clock: () => now })
    const { person, urls, mailServer, store } = scene
    if (kind === 'reset_password') await addPerson({ store, clock: () => now }, { email: john.email })
    const url = kind === 'sign_up' ? urls.signUp : urls.resetPassword
    const link = linkIn(await mailAfter(mailServer, () => askForMail(person, url, john.email)))
    now += linkLifetimeSeconds[kind] - 1
    const page = await openPage(person, link)
    assert.equal(page.status, 200)
    now += 1
    assert.equal((await openPage(person, link)).status, 410)
    const late = await submit(person, page, { name: john.name, password: john.password })
    assert.equal(late.status, 410)
  })
}

test('an authorization request survives signing up, also in another browser that opens the link', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const app = await registerCodeClient({ store, clock: systemClock }, { name: 'Example app' })
  const request = new URLSearchParams({
    client_id: app.id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'read',
    state: 'a-state',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  })
  const signIn = await openPage(person, `${urls.authorization}?${request}`)
  const [, signUpUrl = ''] = /href="([^"]*\/sign-up\?continue=[^"]*)"/.exec(signIn.text) ?? []
  const link = linkIn(
    await mailAfter(mailServer, () => askForMail(person, signUpUrl.replaceAll('&amp;', '&'), john.email)),
  )
  assert.ok(!link.includes(app.id))
  const phone = new Person()
  const { headers } = await phone.fetch(link)
  assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors/)
  assert.doesNotMatch(headers.get('content-security-policy') ?? '', /form-action/)
  const finish = await openPage(phone, link)
  const consent = await submit(phone, finish, { name: john.name, password: john.password })
  assert.ok(consent.url.href.startsWith(urls.authorization))
  assert.match(consent.text, /Example app/)
  const [allow] = consent.forms
  assert.ok(allow)
  const returned = await phone.submit(allow, { decision: 'allow' }, (url) => url.href.startsWith(redirectUri))
  assert.ok(returned instanceof URL)
  assert.equal(`${returned.origin}${returned.pathname}`, redirectUri)
  assert.equal(returned.searchParams.get('state'), 'a-state')
  assert.ok(returned.searchParams.get('code'))
})

test('a person chooses a new password by mail: the old one ends with all it had opened, and the link works once', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const user = await addPerson({ store, clock: systemClock }, { email: john.email })
  const signIn = async (at: Person, words: string) =>
    submit(at, await openPage(at, urls.signIn), { username: user.username, password: words })
  const other = new Person()
  assert.equal((await signIn(other, password)).url.href, urls.account)
  const mail = await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, john.email))
  assert.match(mail.text, new RegExp(user.username))
  const link = linkIn(mail)
  const second = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, john.email)))
  const page = await openPage(person, link)
  assert.equal((await submit(person, page, { password: 'short' })).status, 400)
  const done = await submit(person, page, { password: john.password })
  assert.equal(done.url.pathname, '/sign-in')
  assert.equal(done.status, 200)
  for (const spent of [link, second]) assert.equal((await openPage(person, spent)).status, 410)
  assert.equal((await openPage(other, urls.account)).url.href, urls.signIn)
  assert.equal((await signIn(new Person(), password)).status, 400)
  assert.equal((await signIn(new Person(), john.password)).url.href, urls.account)
})

test('50 posts of one link at once change the password once', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const user = await addPerson({ store, clock: systemClock }, { email: john.email })
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, john.email)))
  const page = await openPage(person, link)
  const posts = Array.from({ length: 50 }, (_, index) =>
    submit(person, page, { password: `${john.password} ${index}` }),
  )
  const answers = await Promise.all(posts)
  // Only the one whose password is kept is told that it was changed.
  assert.equal(answers.filter(({ url }) => url.pathname === '/sign-in').length, 1)
  assert.equal(answers.filter(({ status }) => status === 410).length, 49)
  assert.equal((await store.users.find(user.id))?.epoch, user.epoch + 1)
})

test('a form whose link something else ended does not say that it did what it was for', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const user = await addPerson({ store, clock: systemClock }, { email: john.email })
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, john.email)))
  const page = await openPage(person, link)
  const event = { at: systemClock(), actor: 'test', action: 'user.signed_out_everywhere', subject: 'test' }
  await store.users.signOutEverywhere(user.id, event)
  const answer = await submit(person, page, { password: 'a password that nobody keeps' })
  assert.deepEqual([answer.status, answer.url.pathname], [410, '/reset-password/confirm'])
  assert.equal((await store.users.find(user.id))?.password_hash, user.password_hash)
})

test('a second press of the button leads to sign-in, which says that it is done, with the address filled in', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer } = scene
  const press = async (page: Page, fields: Record<string, string>) => {
    const [form] = page.forms
    assert.ok(form)
    const body = new URLSearchParams({ ...Object.fromEntries(form.fields), ...fields })
    const answer = await person.fetch(form.action, { method: 'POST', body })
    return new URL(answer.headers.get('location') ?? '', form.action)
  }
  for (const [page, notice, fields] of [
    [urls.signUp, 'account_ready', { name: john.name, password: john.password }],
    [urls.resetPassword, 'password_changed', { password: `${john.password} 2` }],
  ] as const) {
    const link = linkIn(await mailAfter(mailServer, () => askForMail(person, page, john.email)))
    const form = await openPage(person, link)
    const [first, second] = await Promise.all([press(form, fields), press(form, fields)])
    const told = [first, second].find(({ pathname }) => pathname === '/sign-in')
    assert.ok(told, `${first} ${second}`)
    assert.equal(told.searchParams.get('username'), john.email)
    const signIn = await openPage(person, told)
    assert.match(signIn.text, notice === 'account_ready' ? /account is ready/ : /password was changed/)
    const sealed = { ...fields, email: 'jane.black@example.com' }
    assert.equal((await submit(person, form, sealed)).status, 410)
    assert.equal((await submit(person, form, { ...fields, link_expires_at: '9999999999' })).status, 410)
    assert.equal((await submit(new Person(), form, fields)).status, 410)
  }
})

test("whoever signs up with an address that is somebody's username is told that there is an account", async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  await addPerson({ store, clock: systemClock }, { username: john.email, email: 'john@elsewhere.example' })
  const mail = await mailAfter(mailServer, () => askForMail(person, urls.signUp, john.email))
  assert.doesNotMatch(mail.text, /confirm\?token/)
  assert.ok(mail.text.includes(urls.signIn))
})

test('whoever is disabled gets no mail, and a link they have changes nothing', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const user = await addPerson({ store, clock: systemClock }, { email: john.email })
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, john.email)))
  const page = await openPage(person, link)
  const event = { at: systemClock(), actor: 'test', action: 'user.disabled', subject: `user:${user.id}` }
  await store.users.disable(user.id, event)
  assert.equal((await submit(person, page, { password: john.password })).status, 410)
  assert.equal((await askForMail(person, urls.resetPassword, john.email)).status, 200)
  const other = await mailAfter(mailServer, () => askForMail(person, urls.signUp, 'jane.black@example.com'))
  assert.deepEqual(other.to, ['jane.black@example.com'])
  assert.equal(mailServer.mails.length, 2)
})

test('a mail speaks the language of the browser that asked', async () => {
  await using scene = await setMailScene()
  const { urls, mailServer, store } = scene
  await addPerson({ store, clock: systemClock }, { email: john.email })
  const person = new Person({ 'accept-language': 'ja,en;q=0.5' })
  const asked = [
    () => askForMail(person, urls.signUp, 'jane.black@example.com'),
    () => askForMail(person, urls.signUp, john.email),
    () => askForMail(person, urls.resetPassword, john.email),
  ]
  for (const ask of asked) {
    const mail = await mailAfter(mailServer, ask)
    assert.match(mail.headers.get('subject') ?? '', /Example.*アカウント|Example.*パスワード/)
    assert.match(mail.text, /お心当たりがない場合/)
  }
})

test('when the mail server is down the pages still answer, and the log says so without address or link', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, server, store } = scene
  await mailServer.close()
  const page = await askForMail(person, urls.signUp, john.email)
  assert.equal(page.status, 200)
  assert.match(page.text, /john\.doe@example\.com/)
  await eventually(() => server.log().includes('a mail was not sent'))
  const links = await store.database.kysely.selectFrom('mail_links').selectAll().execute()
  assert.equal(links.length, 1)
  assert.doesNotMatch(server.log(), /john\.doe|token=/)
})

const closed: [string, TestServerOptions, { signUp: number; resetPassword: number }][] = [
  ['the owner lets nobody sign up', { signUp: false }, { signUp: 404, resetPassword: 200 }],
  ['there is no mail server', { environment: {} }, { signUp: 404, resetPassword: 404 }],
  [
    'another system knows the people',
    { people: { verify: async () => undefined } },
    { signUp: 404, resetPassword: 404 },
  ],
]

for (const [name, options, expected] of closed) {
  test(`where ${name} the pages that need it are not there`, async () => {
    await using scene = await setMailScene(options)
    const { person, urls } = scene
    for (const [page, status] of Object.entries(expected) as [keyof typeof expected, number][]) {
      const confirm = `${urls[page]}/confirm?token=${'a'.repeat(52)}`
      assert.equal((await openPage(person, urls[page])).status, status)
      assert.equal((await openPage(person, confirm)).status, status === 200 ? 410 : 404)
      const post = await person.fetch(urls[page], {
        method: 'POST',
        body: new URLSearchParams({ email: john.email }),
      })
      assert.equal(post.status, status === 200 ? 400 : 404)
    }
  })
}

test('latchkey dev keeps its mails to be read, and a link in one can be followed', async () => {
  await using dev = await startDev()
  const { issuer, endpoints } = dev.description
  const person = new Person()
  const mailUrl = endpoints.mail ?? ''
  assert.equal((await openPage(person, mailUrl)).status, 200)
  const checkMail = await askForMail(person, `${issuer}/sign-up`, 'john@example.com')
  const outbox = checkMail.links.find(({ url }) => url.href === mailUrl)
  assert.ok(outbox)
  const { links, text } = await openPage(person, outbox.url)
  assert.match(text, /john@example\.com/)
  const link = links.find(({ url }) => url.searchParams.has('token'))
  assert.ok(link)
  const finish = await openPage(person, link.url)
  const account = await submit(person, finish, { name: john.name, password: john.password })
  assert.equal(account.url.href, `${issuer}/account`)
})

test('a server that sends its mails shows none', async () => {
  await using scene = await setMailScene()
  const { person, urls, server } = scene
  assert.equal(urls.mail, undefined)
  assert.equal((await openPage(person, `${server.url}/mail`)).status, 404)
})

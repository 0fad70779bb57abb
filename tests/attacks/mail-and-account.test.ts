import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { maxMailsPerMailbox, maxMailsPerNetwork } from '../../packages/server/src/pages/mail-links.ts'
import {
  addPerson,
  issueCode,
  password,
  redeem,
  refresh,
  registerCodeClient,
  tokensOf,
} from '../support/connection.ts'
import { eventually } from '../support/eventually.ts'
import { askForMail, type MailScene, mailAfter, setMailScene, submit } from '../support/mailing.ts'
import { type Form, type Page, Person } from '../support/person.ts'
import { queriesOf } from '../support/queries.ts'
import { startServer } from '../support/server.ts'
import { linkIn } from '../support/smtp.ts'
import { catchUp, introspect, rawRequest, sendRaw, statusOf } from './support.ts'
import { formOf, openPage, send, setVisitScene, signedIn, signIn, type VisitScene } from './visiting.ts'

const known = 'john.doe@example.com'
const unknown = 'jane.black@example.com'

const clock = () => 1_800_000_000

/** A mail server that is not there: mails are asked for as ever. */
const nowhere = { SMTP_URL: 'smtp://127.0.0.1:9' }

/** A server that can mail, and knows John's address. */
async function setScene(): Promise<MailScene> {
  const scene = await setMailScene({ clock })
  await addPerson({ store: scene.store, clock }, { name: 'John Doe', email: known })
  return scene
}

const mailPages = ['signUp', 'resetPassword'] as const

for (const kind of mailPages) {
  test(`82: whether an address is known does not show in the answer (${kind})`, async () => {
    await using scene = await setScene()
    const url = scene.urls[kind]
    const answerFor = async (email: string) => {
      const person = new Person()
      const response = await send(person, formOf(await openPage(person, url)), { email })
      const headers = [...response.headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
      return { status: response.status, headers, text: (await response.text()).replaceAll(email, 'EMAIL') }
    }
    const answers = [await answerFor(known), await answerFor(unknown), await answerFor(`x${known}`)]
    assert.equal(answers[0]?.status, 200)
    // The length follows the address.
    for (const answer of answers)
      answer.headers = answer.headers.filter(([name]) => name !== 'content-length')
    assert.deepEqual(answers[1], answers[0])
    assert.deepEqual(answers[2], answers[0])
  })

  test(`82: nor in the work that is done for it, so nor in its time (${kind})`, async () => {
    await using scene = await setScene()
    const url = scene.urls[kind]
    const queriesFor = async (email: string) => {
      const person = new Person()
      const form = formOf(await openPage(person, url))
      return queriesOf(() => send(person, form, { email }))
    }
    await queriesFor('warm.up@example.com')
    // What the server reads because it was set up a moment ago is no work for an address.
    await catchUp(scene.server)
    const queries = await queriesFor(known)
    assert.ok(queries.length > 3)
    assert.deepEqual(await queriesFor(unknown), queries)
  })

  test(`82: nor when a mailbox has had enough mails, which are then no more (${kind})`, async () => {
    await using scene = await setScene()
    const { person, urls, mailServer } = scene
    for (let count = 0; count < maxMailsPerMailbox + 3; count++) {
      for (const email of [known, unknown]) {
        const page = await askForMail(person, urls[kind], email)
        assert.equal(page.status, 200)
      }
    }
    // Mails go out in order: when this one is there, no other is on its way.
    await askForMail(person, urls.signUp, 'last@example.com')
    const to = (email: string) => mailServer.mails.filter((mail) => mail.to.includes(email)).length
    await eventually(() => to('last@example.com') === 1)
    assert.equal(to(known), maxMailsPerMailbox)
    assert.equal(to(unknown), kind === 'signUp' ? maxMailsPerMailbox : 0)
  })
}

test('82: a known address gets no link that makes an account, and the mail says that there is one', async () => {
  await using scene = await setScene()
  const { person, urls, mailServer } = scene
  const { text } = await mailAfter(mailServer, () => askForMail(person, urls.signUp, known))
  assert.doesNotMatch(text, /token=/)
  assert.ok(text.includes(urls.resetPassword) && text.includes(urls.signIn))
})

test('82: a mail server that hangs holds up no answer, whoever asks', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const address = silent.address()
  assert.ok(typeof address === 'object' && address)
  const environment = { SMTP_URL: `smtp://127.0.0.1:${address.port}` }
  const server = await startServer({ clock, environment })
  try {
    await addPerson({ store: server.latchkey.store, clock }, { email: known })
    for (const kind of mailPages) {
      for (const email of [known, unknown]) {
        const page = await askForMail(new Person(), server.latchkey.urls[kind], email)
        assert.equal(page.status, 200)
      }
    }
  } finally {
    silent.close()
    for (const socket of sockets) socket.destroy()
    await server[Symbol.asyncDispose]()
  }
})

test('82: one network can ask for so many mails, and then for none, whoever they are for', async () => {
  await using server = await startServer({ clock, environment: nowhere })
  const { urls, store } = server.latchkey
  await addPerson({ store, clock }, { name: 'John Doe', email: known })
  const person = new Person()
  const page = await openPage(person, urls.signUp)
  for (let count = 0; count < maxMailsPerNetwork; count++) {
    const answer = await submit(person, page, { email: `person${count}@example.com` })
    assert.equal(answer.status, 200)
  }
  for (const kind of mailPages) {
    for (const email of [known, unknown]) {
      const form = formOf(await openPage(person, urls[kind]))
      const answer = await send(person, form, { email })
      assert.equal(answer.status, 429)
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
    }
  }
  const links = await store.database.kysely.selectFrom('mail_links').selectAll().execute()
  assert.equal(links.length, maxMailsPerNetwork)
})

test('67: neither Host nor X-Forwarded-* reaches a mail', async () => {
  await using scene = await setScene()
  const { urls, mailServer, server } = scene
  const forged = [
    'x-forwarded-host: evil.example',
    'x-forwarded-proto: https',
    'forwarded: host=evil.example',
  ]
  for (const [kind, email] of [
    ['signUp', unknown],
    ['signUp', known],
    ['resetPassword', known],
  ] as const) {
    const page = await fetch(urls[kind])
    const cookie = page.headers.getSetCookie().map((line) => line.split(';')[0])
    const [, token = ''] = /name="form_token" value="([^"]*)"/.exec(await page.text()) ?? []
    const body = `${new URLSearchParams({ form_token: token, email })}`
    const request = rawRequest(
      `POST ${new URL(urls[kind]).pathname}`,
      [
        ...forged,
        `cookie: ${cookie.join('; ')}`,
        'content-type: application/x-www-form-urlencoded',
        `content-length: ${body.length}`,
      ],
      body,
    ).replace('host: 127.0.0.1', 'host: evil.example')
    const before = mailServer.mails.length
    const mail = await mailAfter(mailServer, async () => {
      assert.equal(statusOf(await sendRaw(server.url, request)), 200)
      return { status: 200 } as Page
    })
    assert.equal(mailServer.mails.length, before + 1)
    assert.doesNotMatch(mail.raw, /evil/)
    const links = mail.text.match(/https?:\/\/\S+/g) ?? []
    assert.ok(links.length > 0 && links.every((link) => link.startsWith(`${server.url}/`)))
  }
})

const notAddresses = [
  'john',
  '@example.com',
  'john@example',
  'john@example.com, jane.black@example.com',
  'john@example.com\r\nbcc: jane.black@example.com',
  '<john@example.com>',
  '"john doe"@example.com',
  `${'j'.repeat(250)}@example.com`,
  '',
]

test('85: what is no single address is refused, and nothing is mailed', async () => {
  await using scene = await setScene()
  const { person, urls, mailServer } = scene
  for (const kind of mailPages) {
    for (const email of notAddresses)
      assert.equal((await askForMail(person, urls[kind], email)).status, 400, email)
  }
  await mailAfter(mailServer, () => askForMail(person, urls.signUp, unknown))
  assert.equal(mailServer.mails.length, 1)
})

/** What no other site and no other browser can send. */
async function assertOnlyOurs(form: Form, person: Person, change: Record<string, string>, other: Form) {
  const { origin } = form.action
  const forged: [string, Promise<Response>][] = [
    ['no token', send(person, form, { ...change, form_token: undefined })],
    ['a wrong token', send(person, form, { ...change, form_token: 'A'.repeat(43) })],
    [
      'the token of another form',
      send(person, form, { ...change, form_token: other.fields.get('form_token') }),
    ],
    ['another browser', send(new Person(), form, change)],
    ['another origin', send(person, form, change, { origin: 'https://evil.example' })],
    ['no origin that may be named', send(person, form, change, { origin: 'null' })],
    ['another site', send(person, form, change, { origin, 'sec-fetch-site': 'cross-site' })],
  ]
  for (const [name, sent] of forged) {
    const { status, headers } = await sent
    // A browser in which nobody is signed in is asked to sign in.
    const isAsked = status === 303 && /\/(sign-in|signed-out)$/.test(headers.get('location') ?? '')
    assert.ok(status === 400 || (name === 'another browser' && isAsked), `${name}: ${status}`)
  }
}

test('59: no other site or browser can ask for mails, make accounts or set passwords', async () => {
  await using scene = await setScene()
  const { person, urls, mailServer, store } = scene
  const signUpLink = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, unknown)))
  const resetLink = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, known)))
  const rows = async () =>
    structuredClone({
      users: await store.database.kysely.selectFrom('users').selectAll().execute(),
      links: await store.database.kysely.selectFrom('mail_links').selectAll().execute(),
    })
  const before = await rows()
  const forms: [string, Record<string, string>][] = [
    [urls.signUp, { email: unknown }],
    [urls.resetPassword, { email: known }],
    [signUpLink, { name: 'Jane Black', password: 'a password that is long enough' }],
    [resetLink, { password: 'a password that is long enough' }],
  ]
  const other = formOf(await openPage(person, urls.signIn))
  for (const [url, fields] of forms)
    await assertOnlyOurs(formOf(await openPage(person, url)), person, fields, other)
  assert.deepEqual(await rows(), before)
  assert.equal(mailServer.mails.length, 2)
})

/** A connection of a person, and the forms of their account page. */
async function connect({ parts, app, server }: VisitScene, user: { id: string }, client = app) {
  const { urls, config } = server.latchkey
  const code = await issueCode(parts, client, user, { audience: config.audience })
  return { client, ...tokensOf(await redeem(urls.token, client, code)) }
}

async function formAt(person: Person, url: string, action: string): Promise<Form> {
  const page = await openPage(person, url)
  const form = page.forms.find((one) => one.action.href.includes(action))
  assert.ok(form, page.text)
  return form
}

async function allRows({ parts }: VisitScene): Promise<unknown> {
  const { kysely } = parts.store.database
  return structuredClone({
    users: await kysely.selectFrom('users').selectAll().execute(),
    connections: await kysely.selectFrom('connections').selectAll().execute(),
    accounts: await kysely.selectFrom('session_accounts').selectAll().execute(),
  })
}

test('59: no other site or browser can disconnect, sign out or change a password', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const { client, accessToken } = await connect(scene, scene.john)
  const person = await signedIn(scene, scene.john)
  const forms: [url: string, action: string, fields: Record<string, string>][] = [
    [urls.account, 'account/disconnect', { client: client.id }],
    [`${urls.signOut}?everywhere=1&account=${scene.john.id}`, 'sign-out-everywhere', {}],
    [
      `${urls.account}/password`,
      'account/password',
      { current_password: password, new_password: 'x'.repeat(12) },
    ],
    [urls.signOut, 'sign-out', {}],
  ]
  const before = await allRows(scene)
  const other = await formAt(person, `${urls.signIn}?add=1`, 'sign-in')
  for (const [url, action, fields] of forms)
    await assertOnlyOurs(await formAt(person, url, action), person, fields, other)
  assert.deepEqual(await allRows(scene), before)
  assert.equal((await introspect(scene.server, accessToken)).json.active, true)
})

test('59: a link signs nobody out', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const person = await signedIn(scene, scene.john)
  const before = await allRows(scene)
  for (const url of [
    urls.signOut,
    `${urls.signOut}?account=${scene.john.id}`,
    `${urls.signOut}?everywhere=1&account=${scene.john.id}`,
  ])
    assert.equal((await person.fetch(url)).status, 200)
  assert.equal((await openPage(person, `${scene.server.url}/signed-out`)).url.href, urls.account)
  assert.deepEqual(await allRows(scene), before)
})

test("60: nobody disconnects another person's app, whatever the form says", async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const own = await connect(scene, scene.john)
  const others = await connect(scene, scene.jane, await registerCodeClient(scene.parts))
  const person = await signedIn(scene, scene.john)
  const form = await formAt(person, urls.account, 'account/disconnect')
  const changes = [
    { client: others.client.id },
    { client: others.client.id, account: scene.jane.id },
    { client: 'no-such-client' },
    { client: undefined },
  ]
  for (const change of changes) {
    await send(person, form, change)
    const named = { ...form, action: new URL(`${urls.account}/disconnect?account=${scene.jane.id}`) }
    await send(person, named, change)
  }
  for (const { client, accessToken, refreshToken } of [own, others]) {
    assert.equal((await introspect(scene.server, accessToken)).json.active, true)
    tokensOf(await refresh(urls.token, client, refreshToken))
  }
})

test('64: the account page and its forms act for those alone who are signed in in this browser', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const { accessToken } = await connect(scene, scene.jane)
  const person = await signedIn(scene, scene.john)
  const { text } = await openPage(person, `${urls.account}?account=${scene.jane.id}`)
  assert.ok(text.includes('John Doe') && !text.includes('Jane Black') && !text.includes('The App'))
  const passwords = { current_password: password, new_password: 'a new password of Jane' }
  const forms: [url: string, action: string, fields: Record<string, string>][] = [
    [urls.signOut, 'sign-out', { account: scene.jane.id }],
    [`${urls.account}/password`, 'account/password', passwords],
    [`${urls.signOut}?everywhere=1&account=${scene.john.id}`, 'sign-out-everywhere', {}],
  ]
  const jane = async () => {
    const user = await scene.parts.store.users.find(scene.jane.id)
    return [user?.epoch, user?.password_hash]
  }
  const before = await jane()
  for (const [url, action, fields] of forms) {
    const form = await formAt(person, url, action)
    const named = new URL(form.action)
    named.searchParams.set('account', scene.jane.id)
    await send(person, { ...form, action: named }, action === 'sign-out' ? {} : fields)
  }
  assert.deepEqual(await jane(), before)
  assert.equal((await introspect(scene.server, accessToken)).json.active, true)
})

test('60: a form of one account does nothing for another that is signed in beside it', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const { client, accessToken } = await connect(scene, scene.jane)
  const person = await signedIn(scene, scene.john, scene.jane)
  const form = await formAt(
    person,
    `${urls.signOut}?everywhere=1&account=${scene.john.id}`,
    'sign-out-everywhere',
  )
  const before = await allRows(scene)
  for (const path of ['disconnect', 'sign-out-everywhere']) {
    const action = new URL(`${urls.account}/${path}?account=${scene.jane.id}`)
    assert.equal((await send(person, { ...form, action }, { client: client.id })).status, 400)
  }
  assert.deepEqual(await allRows(scene), before)
  assert.equal((await introspect(scene.server, accessToken)).json.active, true)
})

test('58: signing up gives the browser a new session', async () => {
  await using scene = await setMailScene({ clock })
  const { person, urls, mailServer, store } = scene
  const user = await addPerson({ store, clock }, { name: 'John Doe' })
  await submit(person, await openPage(person, urls.signIn), { username: user.username, password })
  const session = async () => (await store.database.kysely.selectFrom('sessions').selectAll().execute())[0]
  const before = await session()
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, unknown)))
  await submit(person, await openPage(person, link), { name: 'Jane Black', password: 'a password of Jane' })
  const after = await session()
  assert.equal(after?.id, before?.id)
  assert.notEqual(after?.session_hash, before?.session_hash)
})

test('88: no link, password or address of these pages gets into the log', async () => {
  await using scene = await setMailScene({ clock, logLevel: 'debug' })
  const { person, urls, mailServer, server } = scene
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.signUp, unknown)))
  const secret = new URL(link).searchParams.get('token') ?? ''
  const fields = { name: 'Jane Black', password: 'a password of Jane' }
  await submit(person, await openPage(person, link), fields)
  await openPage(person, link)
  assert.ok(server.log().includes('sign_up'))
  for (const hidden of [secret, unknown, fields.password]) assert.ok(!server.log().includes(hidden), hidden)
})

test('61: these pages are never framed and never kept', async () => {
  await using scene = await setVisitScene({ environment: nowhere })
  const { urls } = scene.server.latchkey
  const person = new Person()
  await signIn(scene, person, scene.john)
  const pages = [urls.signUp, urls.resetPassword, urls.signOut, urls.account, `${urls.account}/password`]
  for (const url of pages) {
    const { status, headers } = await person.fetch(url)
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
  }
})

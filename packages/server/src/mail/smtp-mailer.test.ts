import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pino } from 'pino'
import { eventually } from '../../../../tests/support/eventually.ts'
import { refusal, startMailServer } from '../../../../tests/support/smtp.ts'
import type { Mailer } from './mailer.ts'
import { createSmtpMailer, maxWaitingMails, type SmtpMailerOptions } from './smtp-mailer.ts'

const mail = { to: 'john@example.com', subject: 'A subject', text: 'A text.\n' }
const retryPausesMs = [10, 20, 40]

type TestMailer = Mailer & AsyncDisposable & { log(): string }

function mailerTo(url: string, options: Partial<SmtpMailerOptions> = {}): TestMailer {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const from = { name: 'Example API', address: 'no-reply@example.com' }
  const mailer = createSmtpMailer({
    url,
    from,
    logger: pino({ base: null }, destination),
    retryPausesMs,
    ...options,
  })
  return { ...mailer, log: () => lines.join(''), [Symbol.asyncDispose]: () => mailer.close() }
}

test('a mail arrives as it was written, in plain text, in any language', async () => {
  await using server = await startMailServer()
  await using mailer = mailerTo(server.url)
  const text = `日本語のメール\n\nhttps://example.com/sign-up/confirm?token=${'a'.repeat(52)}\n`
  mailer.send({ ...mail, subject: '登録を完了してください', text })
  await eventually(() => server.mails.length === 1)
  const [received] = server.mails
  assert.equal(received?.from, 'no-reply@example.com')
  assert.deepEqual(received?.to, ['john@example.com'])
  assert.equal(received?.text, text)
  assert.equal(received?.headers.get('subject'), '登録を完了してください')
  assert.match(received?.headers.get('content-type') ?? '', /^text\/plain; charset=utf-8/)
  assert.equal(received?.headers.get('from'), 'Example API <no-reply@example.com>')
  assert.equal(received?.headers.get('auto-submitted'), 'auto-generated')
})

test('mails are sent in the order in which they were asked for', async () => {
  await using server = await startMailServer()
  await using mailer = mailerTo(server.url)
  const subjects = Array.from({ length: 10 }, (_, index) => `Mail ${index}`)
  for (const subject of subjects) mailer.send({ ...mail, subject })
  await eventually(() => server.mails.length === subjects.length)
  assert.deepEqual(
    server.mails.map(({ headers }) => headers.get('subject')),
    subjects,
  )
})

test('whoever asks is answered before anything is sent', async () => {
  await using server = await startMailServer()
  await using mailer = mailerTo(server.url)
  assert.equal(mailer.send(mail), undefined)
  await Promise.resolve()
  assert.equal(server.attempts(), 0)
  await eventually(() => server.mails.length === 1)
})

test('85: line breaks and lists add no header and no recipient', async () => {
  await using server = await startMailServer()
  await using mailer = mailerTo(server.url, {
    from: { name: 'Example\r\nBcc: jane@example.com', address: 'no-reply@example.com' },
  })
  mailer.send({ ...mail, subject: 'A\r\nBcc: jane@example.com\r\n\r\nA body' })
  mailer.send({ ...mail, to: 'john@example.com, jane@example.com' })
  mailer.send({ ...mail, to: 'john@example.com\r\nRCPT TO:<jane@example.com>' })
  mailer.send({ ...mail, subject: 'The last one' })
  await eventually(() => server.mails.at(-1)?.headers.get('subject') === 'The last one')
  for (const { headers, to } of server.mails) {
    assert.equal(headers.has('bcc'), false)
    assert.ok(!to.includes('jane@example.com'), to.join())
  }
  assert.equal(server.mails[0]?.text, mail.text)
})

test('a failure that may pass is tried again, and holds up no other mail', async () => {
  const refuse = (recipient: string, attempt: number) =>
    recipient === mail.to && attempt <= 3 ? refusal(451, 'Try later') : undefined
  await using server = await startMailServer({ refuse })
  await using mailer = mailerTo(server.url)
  mailer.send(mail)
  mailer.send({ ...mail, to: 'jane@example.com' })
  await eventually(() => server.mails.length === 2)
  assert.deepEqual(
    server.mails.flatMap(({ to }) => to),
    ['jane@example.com', 'john@example.com'],
  )
})

test('a failure that stays is not tried again', async () => {
  await using server = await startMailServer({
    refuse: (recipient) => (recipient === mail.to ? refusal(550, 'No such mailbox') : undefined),
  })
  await using mailer = mailerTo(server.url)
  mailer.send(mail)
  mailer.send({ ...mail, to: 'jane@example.com' })
  await eventually(() => server.mails.length === 1)
  await mailer.close()
  assert.equal(server.attempts(), 2)
})

test('after its last attempt a mail is given up', async () => {
  await using server = await startMailServer({ refuse: () => refusal(451, 'Try later') })
  await using mailer = mailerTo(server.url)
  mailer.send(mail)
  await eventually(() => mailer.log().includes('"attempt":4'))
  await mailer.close()
  assert.equal(server.attempts(), 1 + retryPausesMs.length)
})

test('a server that is not there is logged, without the address or the text', async () => {
  const gone = await startMailServer()
  await gone.close()
  await using mailer = mailerTo(gone.url)
  mailer.send({ ...mail, text: 'https://example.com/secret-link' })
  await eventually(() => mailer.log().includes('"attempt":4'))
  assert.match(mailer.log(), /"error":"E[A-Z]+"/)
  assert.doesNotMatch(mailer.log(), /john|secret-link|A subject/)
})

test('88: what a server says of an address, and the password, are not logged', async () => {
  await using server = await startMailServer({
    refuse: (recipient) => refusal(550, `No mailbox ${recipient} here`),
  })
  await using mailer = mailerTo(server.url)
  mailer.send(mail)
  await eventually(() => mailer.log().includes('"reply":550'))
  assert.doesNotMatch(mailer.log(), /john/)
})

test('more than may wait are not taken', async () => {
  const gone = await startMailServer()
  await gone.close()
  await using mailer = mailerTo(gone.url, { retryPausesMs: [] })
  for (let count = 0; count <= maxWaitingMails; count++) mailer.send(mail)
  await eventually(() => mailer.log().includes(`"waiting":${maxWaitingMails},"msg":"a mail was not taken"`))
})

test('closing sends what waits, also what waits for another attempt', async () => {
  await using server = await startMailServer({
    refuse: (_, attempt) => (attempt === 1 ? refusal(451, 'Try later') : undefined),
  })
  await using mailer = mailerTo(server.url, { retryPausesMs: [3_600_000] })
  mailer.send(mail)
  await eventually(() => mailer.log().includes('"attempt":1'))
  mailer.send({ ...mail, to: 'jane@example.com' })
  await mailer.close()
  assert.deepEqual(server.mails.flatMap(({ to }) => to).sort(), ['jane@example.com', 'john@example.com'])
})

test('credentials are not given to a server that offers no TLS, except on loopback', async () => {
  const given: unknown[] = []
  await using server = await startMailServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth({ username, password }, _, done) {
      given.push(username, password)
      done(null, { user: 'john' })
    },
  })
  await using near = mailerTo(`smtp://john:a%40b@127.0.0.1:${server.port}`)
  near.send(mail)
  await eventually(() => server.mails.length === 1)
  assert.deepEqual(given, ['john', 'a@b'])
  // The same server under an address that is not known to be this machine's own.
  await using far = mailerTo(`smtp://john:a%40b@0.0.0.0:${server.port}`)
  far.send(mail)
  await eventually(() => far.log().includes('a mail was not sent'))
  assert.equal(given.length, 2)
  assert.match(far.log(), /ETLS/)
})

test('a server whose certificate nobody vouches for gets no mail', async () => {
  await using server = await startMailServer({ secure: true })
  await using mailer = mailerTo(`smtps://127.0.0.1:${server.port}`, { retryPausesMs: [] })
  mailer.send(mail)
  await eventually(() => mailer.log().includes('a mail was not sent'))
  assert.equal(server.attempts(), 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { createMailer } from './create-mailer.ts'
import { createOutbox, maxKeptMails } from './outbox.ts'

const config = { issuer: 'https://auth.example.com', apiName: 'API', mailFrom: undefined }
const parts = { logger: pino({ level: 'silent' }), clock: () => 5 }

test('the outbox keeps the newest mails, newest first, with their time', () => {
  const outbox = createOutbox(() => 7)
  for (let index = 0; index <= maxKeptMails; index++)
    outbox.send({ to: 'john@example.com', subject: `Mail ${index}`, text: '' })
  assert.equal(outbox.outbox?.length, maxKeptMails)
  const newest = { to: 'john@example.com', subject: `Mail ${maxKeptMails}`, text: '', at: 7 }
  assert.deepEqual(outbox.outbox?.[0], newest)
})

test('there is a mailer where mail can be sent or is kept, and no other', () => {
  const of = (smtpUrl: string | undefined, keepsOutbox: boolean) =>
    createMailer({ ...parts, config: { ...config, smtpUrl }, keepsOutbox })
  assert.equal(of(undefined, false), undefined)
  assert.equal(of('smtp://localhost', false)?.outbox, undefined)
  assert.notEqual(of('smtp://localhost', false), undefined)
  assert.deepEqual(of('smtp://localhost', true)?.outbox, [])
})

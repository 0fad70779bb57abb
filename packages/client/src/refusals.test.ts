import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialect } from './dialect.ts'
import { password, refreshToken } from './index.ts'
import { makeStore } from './testing/faulty-store.ts'
import { hourMs, make, maxCoolDownMs, sent } from './testing/make-client.ts'
import { granted, refused, startTokenServer } from './testing/token-server.ts'

/** A dialect whose server says by a status alone that it is over. */
const byStatus = dialect({ invalidGrantStatus: 400 })
const noWords = { status: 400, body: {} }

test('where a status alone refuses a refresh token it stays in the store: it may have been the secret that was wrong', async () => {
  await using server = await startTokenServer()
  const { store } = makeStore()
  const options = { grant: refreshToken('start'), store, dialect: dialect({ invalidGrantStatus: 400 }) }
  const { client, clock } = make(server, options)
  await client.getToken()
  clock.advance(hourMs)
  server.respond = () => ({ status: 400, body: { error: { message: 'No.' } } })
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  assert.equal(server.requests.length, 2, 'nobody asks with every call')
  server.respond = () => granted('token', { refresh_token: 'next' })
  assert.equal(await make(server, { ...options, clock }).client.getToken(), 'token')
  assert.deepEqual(sent(server), ['start', 'refresh-1', 'refresh-1'])
})

test('the status does not count where the server has words of its own', async () => {
  await using server = await startTokenServer()
  server.respond = () => refused('invalid_client')
  const options = { grant: refreshToken('start'), dialect: dialect({ invalidGrantStatus: 400 }) }
  await assert.rejects(make(server, options).client.getToken(), { code: 'request_refused' })
})

for (const [what, answer] of [
  ['in words', refused('unauthorized_client')],
  ['by a status alone', { status: 400, body: {} }],
] as const)
  test(`a grant that can be repeated is, where the server does not refresh it and says so ${what}`, async () => {
    await using server = await startTokenServer()
    server.respond = ({ form }) =>
      form.grant_type === 'password' ? granted('token', { refresh_token: 'useless' }) : answer
    const { client, clock, told } = make(server, { grant: password({ username: 'jane', password: 'p' }) })
    await client.getToken()
    clock.advance(hourMs)
    assert.equal(await client.getToken(), 'token')
    assert.deepEqual(told, [])
    assert.equal(server.requests.length, 3)
  })

test('a status alone makes nobody forget what could not be saved, nor the token that was given at the start', async () => {
  await using server = await startTokenServer()
  const { store, faults } = makeStore()
  const { client, clock } = make(server, { grant: refreshToken('start'), store, dialect: byStatus })
  server.queue.push(noWords)
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  clock.advance(maxCoolDownMs)
  await client.getToken()
  clock.advance(hourMs)
  faults.compareAndSet = 'throws'
  await client.getToken()
  clock.advance(hourMs)
  server.queue.push(noWords)
  await assert.rejects(client.getToken(), { code: 'connection_ended' })
  delete faults.compareAndSet
  clock.advance(maxCoolDownMs)
  await client.getToken()
  assert.deepEqual(sent(server), ['start', 'start', 'refresh-1', 'refresh-2', 'refresh-2'])
})

for (const [what, answer] of [
  ['the client', refused('invalid_client', 401)],
  ['everybody', { status: 403, body: {} }],
  ['this address', { status: 404, body: {} }],
] as const)
  test(`a refresh that is refused to ${what} costs a grant that can be repeated no refresh token`, async () => {
    await using server = await startTokenServer()
    const { store, text } = makeStore()
    const grant = password({ username: 'jane', password: 'p' })
    const { client, clock } = make(server, { grant, store })
    server.queue.push(granted('one', { refresh_token: 'r' }))
    await client.getToken()
    const before = text()
    clock.advance(hourMs)
    server.queue.push(answer)
    await assert.rejects(client.getToken(), { code: 'request_refused' })
    assert.equal(text(), before)
    assert.deepEqual(
      server.requests.map(({ form }) => form.grant_type),
      ['password', 'refresh_token'],
    )
  })

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { createLatchkey, type Latchkey, type Listener, listen } from '@latchkey/server'
import { temporaryFolder } from '../support/folder.ts'
import { testSecret } from '../support/server.ts'
import { closed, formType, statusOf } from './support.ts'

/** A server whose patience is short, so that its end can be waited for. */
async function startImpatient(): Promise<
  AsyncDisposable & { url: string; listener: Listener; latchkey: Latchkey }
> {
  const folder = temporaryFolder()
  const patience = { headersTimeoutMs: 300, requestTimeoutMs: 600 }
  const listener = await listen({ host: '127.0.0.1', port: 0, ...patience })
  const url = `http://127.0.0.1:${listener.port}`
  const latchkey = await createLatchkey(
    { issuer: url, audience: `${url}/api`, database: `sqlite:${folder.file('db')}`, logLevel: 'silent' },
    { environment: { LATCHKEY_SECRET: testSecret }, migrate: true },
  )
  listener.serve(latchkey.fetch)
  return {
    url,
    listener,
    latchkey,
    async [Symbol.asyncDispose]() {
      latchkey.stop()
      await listener.close()
      await latchkey.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Sends a letter every so often, for as long as it is let. */
function dribble(url: string, start: string): { socket: Socket; ended: Promise<string> } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  let received = ''
  const over = closed(socket)
  socket.on('data', (text) => {
    received += text
  })
  socket.write(start)
  const timer = setInterval(() => socket.write('a'), 20)
  const ended = over.then(() => {
    clearInterval(timer)
    return received
  })
  return { socket, ended }
}

test('89: senders of slow headers and slow bodies, and silent ones, are cut off; others are served meanwhile', async () => {
  await using slow = await startImpatient()
  const silent = { length: 20 }
  const attackers = [
    ...Array.from(silent, () => dribble(slow.url, 'GET /jwks HTTP/1.1\r\nhost: x\r\nx-slow: ')),
    ...Array.from(silent, () =>
      dribble(slow.url, `POST /token HTTP/1.1\r\nhost: x\r\n${formType}\r\ncontent-length: 60000\r\n\r\n`),
    ),
  ]
  const halfOpen = Array.from(silent, () => connect(slow.listener.port, '127.0.0.1').resume())
  const cut = Promise.all([
    ...attackers.map(({ ended }) => ended),
    ...halfOpen.map((socket) => closed(socket).then(() => '')),
  ])
  let isCut = false
  void cut.then(() => {
    isCut = true
  })
  let served = 0
  do {
    assert.equal((await fetch(`${slow.url}/healthz`, { headers: { connection: 'close' } })).status, 200)
    served++
  } while (!isCut)
  assert.ok(served > 1)
  for (const answer of await cut) assert.ok(answer === '' || statusOf(answer) === 408, answer.slice(0, 60))
})

test('89: half-open connections do not keep the server from ending', async () => {
  const slow = await startImpatient()
  const sockets = Array.from({ length: 5 }, () => connect(slow.listener.port, '127.0.0.1').resume())
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const over = Promise.all(sockets.map(closed))
  await slow[Symbol.asyncDispose]()
  await over
})

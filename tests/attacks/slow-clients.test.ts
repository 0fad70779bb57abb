import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { createLatchkey, type Latchkey, type Listener, listen } from '@latchkey/server'
import { temporaryFolder } from '../support/folder.ts'
import { testSecret } from '../support/server.ts'
import { closed, formType, statusOf } from './support.ts'

/** So short that its end can be waited for. */
const impatience = { headersTimeoutMs: 300, requestTimeoutMs: 600 }

async function start(
  patience: Partial<typeof impatience> = {},
): Promise<AsyncDisposable & { url: string; listener: Listener; latchkey: Latchkey }> {
  const folder = temporaryFolder()
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

/** Senders of slow headers, of slow bodies, and of nothing at all; each gives what it got once it is cut off. */
function attack({ url, listener }: { url: string; listener: Listener }) {
  const many = { length: 20 }
  const form = `POST /token HTTP/1.1\r\nhost: x\r\n${formType}\r\ncontent-length: 60000\r\n\r\n`
  const dribblers = [
    ...Array.from(many, () => dribble(url, 'GET /jwks HTTP/1.1\r\nhost: x\r\nx-slow: ')),
    ...Array.from(many, () => dribble(url, form)),
  ]
  const silent = Array.from(many, () => connect(listener.port, '127.0.0.1').resume())
  const sockets = [...dribblers.map(({ socket }) => socket), ...silent]
  return {
    sockets,
    areConnected: Promise.all(sockets.map((socket) => once(socket, 'connect'))),
    ended: Promise.all([
      ...dribblers.map(({ ended }) => ended),
      ...silent.map((socket) => closed(socket).then(() => '')),
    ]),
  }
}

test('89: senders of slow headers and slow bodies, and silent ones, are cut off', async () => {
  await using server = await start(impatience)
  for (const answer of await attack(server).ended)
    assert.ok(answer === '' || statusOf(answer) === 408, answer.slice(0, 60))
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
})

test('89: others are served while slow senders hold their connections', async () => {
  await using server = await start()
  const { sockets, areConnected, ended } = attack(server)
  await areConnected
  for (let round = 0; round < 20; round++)
    assert.equal((await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status, 200)
  assert.ok(sockets.every(({ destroyed }) => !destroyed))
  for (const socket of sockets) socket.destroy()
  await ended
})

test('89: half-open connections do not keep the server from ending', async () => {
  const slow = await start(impatience)
  const sockets = Array.from({ length: 5 }, () => connect(slow.listener.port, '127.0.0.1').resume())
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const over = Promise.all(sockets.map(closed))
  await slow[Symbol.asyncDispose]()
  await over
})

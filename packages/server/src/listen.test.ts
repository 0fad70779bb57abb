import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ListenError, listen } from './listen.ts'

const anywhere = { host: '127.0.0.1', port: 0 }
const urlOf = ({ port }: { port: number }): string => `http://127.0.0.1:${port}/`

test('a port in use is said in words, with what to do', async () => {
  const first = await listen(anywhere)
  await assert.rejects(
    listen({ ...anywhere, port: first.port }),
    (error) =>
      error instanceof ListenError &&
      error.message.includes(String(first.port)) &&
      /--port/.test(error.message),
  )
  await first.close()
})

test('an address that is not of this machine is said in words', async () => {
  await assert.rejects(listen({ host: '203.0.113.1', port: 0 }), /203\.0\.113\.1:0 cannot be opened/)
})

test('who asks before the server is ready waits, and gets the answer', async () => {
  const listener = await listen(anywhere)
  const early = fetch(urlOf(listener), { method: 'POST', body: 'hello' })
  await connected(listener.port)
  listener.serve(async (request) => new Response(await request.text()))
  assert.equal(await (await early).text(), 'hello')
  await listener.close()
})

test('who waits for a server that never comes is told 503', async () => {
  const listener = await listen(anywhere)
  const early = fetch(urlOf(listener))
  await connected(listener.port)
  const closed = listener.close()
  assert.equal((await early).status, 503)
  await closed
})

test('closing lets the request in flight end, and takes no new one', async () => {
  const listener = await listen(anywhere)
  const answer = Promise.withResolvers<Response>()
  const begun = Promise.withResolvers<void>()
  listener.serve(async ({ url }) => {
    if (!url.endsWith('/slow')) return new Response('quick')
    begun.resolve()
    return answer.promise
  })
  const inFlight = fetch(`${urlOf(listener)}slow`)
  await begun.promise
  const closed = listener.close()
  const isRefused = () =>
    fetch(urlOf(listener)).then(
      () => false,
      () => true,
    )
  while (!(await isRefused()));
  answer.resolve(new Response('done'))
  assert.equal(await (await inFlight).text(), 'done')
  await closed
})

test('headers that do not come in time are cut off with 408', { timeout: 30_000 }, async () => {
  const listener = await listen({ ...anywhere, headersTimeoutMs: 100, requestTimeoutMs: 60_000 })
  listener.serve(async () => new Response('ok'))
  const socket = connect(listener.port, '127.0.0.1').setEncoding('utf8')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
  const [received] = await once(socket, 'data')
  assert.match(received, /^HTTP\/1\.1 408 /)
  await listener.close()
})

/** A later connection than those before it: what was sent on them has arrived. */
async function connected(port: number): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

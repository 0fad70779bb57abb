import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type Listener, listen } from '@latchkey/server'

/** More than one chunk, and more than any endpoint takes. */
const longBody = 'x'.repeat(200_000)

async function serve(
  handler: (request: Request) => Promise<Response>,
): Promise<AsyncDisposable & { url: string }> {
  const listener: Listener = await listen({ host: '127.0.0.1', port: 0 })
  listener.serve(handler)
  return {
    url: `http://127.0.0.1:${listener.port}/`,
    [Symbol.asyncDispose]: () => listener.close(),
  }
}

const echo = async (request: Request) => new Response(await request.text())

for (const [name, body] of [
  ['no body', ''],
  ['a short body', 'grant_type=client_credentials'],
  ['a body that is not ASCII', 'käse=ß&snow=☃'],
  ['a long body', longBody],
] as const) {
  test(`a handler gets ${name} whole`, async () => {
    await using server = await serve(echo)
    const answer = await fetch(server.url, { method: 'POST', body })
    assert.equal(await answer.text(), body)
  })
}

test('a handler gets a body of unknown length whole', async () => {
  await using server = await serve(echo)
  const body = ReadableStream.from([Buffer.from('in '), Buffer.from('pieces')])
  const answer = await fetch(server.url, { method: 'POST', body, duplex: 'half' })
  assert.equal(await answer.text(), 'in pieces')
})

test('a handler can read a short body as a stream and as a form', async () => {
  await using server = await serve(async (request) => {
    if (request.url.endsWith('?form')) return new Response(String((await request.formData()).get('a')))
    return new Response(request.body)
  })
  const asForm = await fetch(`${server.url}?form`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  const asStream = await fetch(server.url, { method: 'POST', body: 'streamed' })
  assert.deepEqual([await asForm.text(), await asStream.text()], ['b', 'streamed'])
})

test('a handler that refuses without reading a body, short or long, is heard', async () => {
  await using server = await serve(async () => new Response('no', { status: 413 }))
  for (const body of ['short', longBody]) {
    assert.equal((await fetch(server.url, { method: 'POST', body })).status, 413)
  }
})

test('a body that breaks off is never taken for a whole one, and the next request is answered', async () => {
  const seen: string[] = []
  await using server = await serve(async (request) => {
    seen.push(await request.text())
    return new Response('ok')
  })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end('POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 10\r\n\r\nhalf')
  await new Promise((resolve) => socket.resume().once('close', resolve))
  await fetch(server.url, { method: 'POST', body: 'whole' })
  assert.deepEqual(seen, ['whole'])
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { type Dev, readDescription, startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { projectFolder } from '../support/project.ts'
import { basic } from '../support/server.ts'

const tokenForm = 'grant_type=client_credentials'
const agent = new Agent({ keepAlive: true })
after(() => agent.destroy())

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} answers the long poll and the slow request in flight, then exits 0`, async () => {
    await using dev = await startDev()
    const { issuer, endpoints, client, resource_server } = dev.description
    const idle = await keptAlive(`${issuer}/healthz`)
    const poll = holdFeed(issuer, basic(resource_server.client_id, resource_server.client_secret))
    const slow = slowRequest(endpoints.token ?? '', basic(client.client_id, client.client_secret))
    await Promise.all([poll.isHeld, slow.isHeld])
    dev.process.kill(signal)
    await poll.answer.then(({ status, body }) => {
      assert.equal(status, 200)
      assert.deepEqual(JSON.parse(body).entries, [])
    })
    slow.finish()
    const { status, body } = await slow.answer
    assert.equal(status, 200)
    assert.equal(typeof JSON.parse(body).access_token, 'string')
    await idle.closed
    assert.equal(await exitCode(dev), 0)
    assert.equal(dev.stderr(), '')
  })
}

test('a signal right after the first line is graceful as well', async () => {
  for (let round = 0; round < 5; round++) {
    await using dev = await startDev()
    assert.equal(await dev.end(), 0)
  }
})

test('under load no request that was sent is left without an answer, and the server exits 0', async () => {
  await using dev = await startDev()
  const { endpoints, client } = dev.description
  const authorization = basic(client.client_id, client.client_secret)
  const load = Array.from({ length: 24 }, () => askUntilClosed(endpoints.token ?? '', authorization))
  await Promise.race(load.map(({ warm }) => warm))
  dev.process.kill('SIGTERM')
  const outcomes = await Promise.all(load.map(({ ended }) => ended))
  assert.deepEqual(
    outcomes.filter(({ lost, wrong }) => lost > 0 || wrong > 0),
    [],
  )
  assert.equal(await exitCode(dev), 0)
})

test('a second signal ends a server that still waits for a slow request', async () => {
  await using dev = await startDev()
  const { endpoints, client } = dev.description
  const slow = slowRequest(endpoints.token ?? '', basic(client.client_id, client.client_secret))
  await slow.isHeld
  slow.answer.catch(() => {})
  dev.process.kill('SIGINT')
  await waitUntilClosed(dev.description.issuer)
  await eventually(() => {
    dev.process.kill('SIGINT')
    return !isRunning(dev)
  })
  assert.equal(dev.process.signalCode, 'SIGINT')
})

test('Ctrl+C under `npm start` reaches the server twice and is still graceful', async () => {
  using npm = startUnderNpm()
  const { issuer, endpoints, client } = await npm.description
  const slow = slowRequest(endpoints.token ?? '', basic(client.client_id, client.client_secret))
  await slow.isHeld
  npm.killGroup('SIGINT')
  await waitUntilClosed(issuer)
  slow.finish()
  assert.equal((await slow.answer).status, 200)
  await npm.exited
})

test('a server under `npm start` ends when npm alone is killed', async () => {
  using npm = startUnderNpm()
  const { issuer } = await npm.description
  npm.process.kill('SIGTERM')
  await npm.exited
  await waitUntilClosed(issuer)
})

/** `npm start` in a process group of its own, which ends with the scope. */
function startUnderNpm() {
  const folder = temporaryFolder()
  const words = ['start', '--', '--json', '--port', '0', '--database', `sqlite:${folder.file('latchkey.db')}`]
  const npm = spawn('npm', words, {
    cwd: projectFolder,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const killGroup = (signal: NodeJS.Signals) => void (npm.pid && process.kill(-npm.pid, signal))
  return {
    process: npm,
    description: readDescription(npm),
    exited: once(npm, 'exit'),
    killGroup,
    [Symbol.dispose]() {
      try {
        killGroup('SIGKILL')
      } catch {
        // All of the group have ended.
      }
      folder[Symbol.dispose]()
    },
  }
}

const isRunning = ({ process }: Dev): boolean => process.exitCode === null && process.signalCode === null

/** Of a process that was told to stop already. */
async function exitCode(dev: Dev): Promise<number | null> {
  if (isRunning(dev)) await once(dev.process, 'exit')
  return dev.process.exitCode
}

interface Answer {
  status: number
  body: string
}

/** The next answer of a request; whoever waits for it later finds it. */
function answerOf(sent: ReturnType<typeof request>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
  })
}

/** Asks the feed for what comes after its end, so that the server holds the request: once it says 100 Continue, it has it. */
function holdFeed(issuer: string, authorization: string): { isHeld: Promise<void>; answer: Promise<Answer> } {
  const headers = { authorization }
  const held = fetch(`${issuer}/revocations`, { headers }).then(async (response) => {
    const { cursor } = (await response.json()) as { cursor: string }
    const sent = request(`${issuer}/revocations?after=${encodeURIComponent(cursor)}`, {
      headers: { ...headers, expect: '100-continue' },
      agent,
    })
    const answer = answerOf(sent)
    sent.end()
    await once(sent, 'continue')
    return { answer }
  })
  return {
    isHeld: held.then(() => {}),
    answer: held.then(({ answer }) => answer),
  }
}

/** Sends the headers and half of the body; `finish` sends the rest. */
function slowRequest(url: string, authorization: string) {
  const sent = request(url, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': tokenForm.length,
      expect: '100-continue',
    },
  })
  const answer = answerOf(sent)
  // The server has the request in its hands once it says 100 Continue.
  const isHeld = once(sent, 'continue').then(() => void sent.write(tokenForm.slice(0, 10)))
  sent.flushHeaders()
  return { isHeld, answer, finish: () => void sent.end(tokenForm.slice(10)) }
}

/** A connection that has had one answer and is kept. */
async function keptAlive(url: string): Promise<{ closed: Promise<unknown> }> {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  const closed = once(socket, 'close')
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`)
  await once(socket, 'data')
  socket.resume()
  return { closed }
}

/**
 * Asks again and again on one kept connection until the server closes it, and counts what got no whole answer. Nothing is
 * asked where the server has hung up: a machine that is busy may hand over an answer late, with the end behind it.
 */
function askUntilClosed(url: string, authorization: string) {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  const message = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${hostname}`,
    `authorization: ${authorization}`,
    'content-type: application/x-www-form-urlencoded',
    `content-length: ${tokenForm.length}`,
    '',
    tokenForm,
  ].join('\r\n')
  const warm = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<{ answered: number; lost: number; wrong: number }>()
  let answered = 0
  let wrong = 0
  let isWaiting = true
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
    const length = /content-length: (\d+)/i.exec(received)?.[1]
    const start = received.indexOf('\r\n\r\n') + 4
    if (length === undefined || start < 4 || received.length < start + Number(length)) return
    if (!received.startsWith('HTTP/1.1 200')) wrong++
    const isLast = /^connection: close/im.test(received)
    received = ''
    isWaiting = false
    if (++answered === 50) warm.resolve()
    if (!isLast) setImmediate(askAgain)
  })
  const askAgain = () => {
    if (socket.readableEnded || socket.destroyed) return
    isWaiting = true
    socket.write(message)
  }
  socket.on('error', () => {})
  socket.once('close', () => {
    ended.resolve({ answered, lost: isWaiting ? 1 : 0, wrong })
  })
  socket.write(message)
  return { warm: warm.promise, ended: ended.promise }
}

/** Nothing listens there any more. */
const waitUntilClosed = (url: string): Promise<void> =>
  eventually(() =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  )

import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { load } from '../../bench/harness/load.ts'
import { bare, latchkey } from '../../bench/token/contenders.ts'
import { compare, measure } from '../../bench/token/measure.ts'

/** Measured 1.3 to 1.5 (bench/README.md); what doubles the floor is a mistake on the hot path, not a busy machine. */
const maxCpuBesideBare = 2
/** What else the machine has to do falls on one of them, a mistake of ours on all. */
const maxMeasurements = 3

test('a token costs less than twice the CPU time of a bare server that signs the same token', async () => {
  const plan = { rounds: 5, secondsEach: 0.4, warmUpSeconds: 1.5, connections: 16 }
  const times: number[] = []
  while (!times.some((one) => one < maxCpuBesideBare) && times.length < maxMeasurements) {
    const [own, floor] = await measure([latchkey, bare], plan)
    assert(own && floor)
    times.push(compare(own, floor).cpuPerRequest)
  }
  assert(Math.min(...times) < maxCpuBesideBare, `${times} times the CPU time of the bare server`)
})

test('the load counts whole answers, in however many pieces they come', async () => {
  let served = 0
  await using server = await serve((_, response) => {
    served++
    response.writeHead(200, { 'content-length': 4 }).write('ab')
    setImmediate(() => response.end('cd'))
  })
  const { requests } = await load({ ...job(server.port), connections: 3 })
  assert.equal(requests, served)
  assert(requests >= 3)
})

test('the load fails on an answer that is not a 200', async () => {
  await using server = await serve((_, response) => response.writeHead(401, { 'content-length': 0 }).end())
  await assert.rejects(load(job(server.port)), /401/)
})

const job = (port: number) => ({ port, path: '/', headers: {}, body: 'a=b', connections: 1, seconds: 0.1 })

async function serve(listener: RequestListener): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

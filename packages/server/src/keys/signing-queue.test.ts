import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigningQueue } from './signing-queue.ts'

test('what one turn asks for is signed one right after the other, before anyone goes on', async () => {
  const sign = createSigningQueue()
  const events: string[] = []
  await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      await sign(() => {
        events.push(`signed ${name}`)
        return name
      })
      events.push(`answered ${name}`)
    }),
  )
  assert.deepEqual(events, ['signed a', 'signed b', 'signed c', 'answered a', 'answered b', 'answered c'])
})

test('each gets its own token, however many ask at once and in whatever turn', async () => {
  const sign = createSigningQueue()
  const asked: Promise<string>[] = []
  for (let turn = 0; turn < 5; turn++) {
    for (let index = 0; index < 100; index++) asked.push(sign(() => `${turn}-${index}`))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const tokens = await Promise.all(asked)
  assert.deepEqual(
    tokens,
    asked.map((_, index) => `${Math.floor(index / 100)}-${index % 100}`),
  )
})

test('a signature that fails fails for the one who asked, and for no other', async () => {
  const sign = createSigningQueue()
  const failing = sign(() => {
    throw new RangeError('no key')
  })
  const fine = sign(() => 'token')
  await assert.rejects(failing, RangeError)
  assert.equal(await fine, 'token')
})

test('a turn signs so many at most, and lets others be heard before it goes on', async () => {
  const sign = createSigningQueue()
  let signed = 0
  const asked = Array.from({ length: 200 }, () => sign(() => String(++signed)))
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(signed > 0 && signed < 200, `${signed} in one turn`)
  await Promise.all(asked)
  assert.equal(signed, 200)
})

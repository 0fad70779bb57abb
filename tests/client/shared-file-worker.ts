import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createTokenClient, TokenError } from '@latchkey/client'
import { callHeader, clientOptions, type WorkerCounts, type WorkerSettings } from './shared-file-settings.ts'

/*
 * One of the processes that share a token file: calls an API until its input ends. Says `ready` after the first call, each
 * thing that a caller should not see at once, as JSON, and at the end what it counted.
 */

/** Between two calls, at most. */
const maxPauseMs = 50

const settings: WorkerSettings = JSON.parse(process.argv[2] ?? '')
const counts: WorkerCounts = { calls: 0, renewals: 0, adoptions: 0, slowestMs: 0 }
const say = (words: string) => process.stdout.write(`${words}\n`)
const complain = (complaint: string) => say(JSON.stringify({ complaint }))

const client = createTokenClient({
  ...clientOptions(settings),
  onRenew: ({ grantType }) => void (grantType === undefined ? counts.adoptions++ : counts.renewals++),
  onError: (error) => complain(describe(error)),
})

let isOver = false
createInterface(process.stdin).on('close', () => {
  isOver = true
})
while (!isOver) {
  await call()
  if (++counts.calls === 1) say('ready')
  await delay(Math.random() * maxPauseMs)
}
say(JSON.stringify(counts))

async function call(): Promise<void> {
  const startedAt = performance.now()
  try {
    const headers = { [callHeader]: `${process.pid}-${counts.calls}` }
    const response = await client.fetch(settings.api, { headers })
    await response.arrayBuffer()
    if (response.status !== 200) complain(`status ${response.status}`)
  } catch (error) {
    complain(`thrown: ${describe(error)}`)
  }
  counts.slowestMs = Math.max(counts.slowestMs, Math.round(performance.now() - startedAt))
}

function describe(error: unknown): string {
  if (!(error instanceof TokenError)) return String(error)
  return `${error.code}: ${error.message} ${error.cause ?? ''}`
}

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Contender } from '../../bench/clients/contender.ts'
import { requestInit, statusOf } from '../../bench/clients/contenders/call-api.ts'
import { leapingTime } from '../../bench/clients/leaping-time.ts'
import { runScenario } from '../../bench/clients/run-scenario.ts'
import { scenarioNames } from '../../bench/clients/scenarios.ts'

const script = fileURLToPath(new URL('../../bench/clients.ts', import.meta.url))

test('beside other clients, every cell of ours is yes', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--assert'])
  const [, , own = [], ...others] = tableRows(stdout)
  assert.match(own[0] ?? '', /^@latchkey\/client /)
  assert.deepEqual(own.slice(1, 1 + scenarioNames.length), Array(scenarioNames.length).fill('yes'))
  assert.equal(own.at(-1), '0')
  assert.deepEqual(
    others.map(([name]) => name?.split(' ')[0]),
    ['@badgateway/oauth2-client', 'axios-auth-refresh', 'simple-oauth2', 'openid-client'],
  )
  for (const [, ...cells] of others) {
    for (const cell of cells.slice(0, scenarioNames.length)) assert.match(cell, /^(yes|no|left to the app)\b/)
    for (const cell of cells.slice(scenarioNames.length)) assert.match(cell, /^\d/)
    assert.equal(cells.length, scenarioNames.length + 2)
  }
})

for (const name of scenarioNames) {
  test(`a client that thinks of nothing fails at: ${name}`, async () => {
    const complaint = await runScenario({ open: openNaive }, name)
    assert.notEqual(complaint, undefined)
    assert.doesNotMatch(complaint ?? '', /first call|hangs/)
  })
}

test('a client that never answers is said to hang', async () => {
  let isFirst = true
  const call = async () => {
    if (!isFirst) await new Promise(() => undefined)
    isFirst = false
    return 200
  }
  const open = async () => ({ call, kept: () => '' })
  assert.equal(await runScenario({ open }, 'late 401', 100), 'hangs')
})

test('a leap of hours runs the timers on its way, each at its moment', async () => {
  const start = Date.now()
  const ranAtMinutes: number[] = []
  const note = () => ranAtMinutes.push(Math.round((Date.now() - start) / 60_000))
  {
    using time = leapingTime()
    setTimeout(note, 90 * 60_000)
    setTimeout(note, 30 * 60_000)
    setTimeout(note, 150 * 60_000)
    clearTimeout(setTimeout(note, 60 * 60_000))
    await time.leap(7200)
    assert.equal(Math.round((Date.now() - start) / 60_000), 120)
  }
  assert.deepEqual(ranAtMinutes, [30, 90])
  assert.equal(Math.round((Date.now() - start) / 60_000), 0)
})

/** The cells of each line of the table, head and rule first. */
function tableRows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** Renews a minute ahead, once for each caller; believes every answer, and keeps what it began with. */
const openNaive: Contender['open'] = async ({ tokenEndpoint, api, issuer }) => {
  const ask = async (parameters: Record<string, string>) => {
    const response = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(parameters) })
    if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`)
    const answer = (await response.json()) as {
      access_token: string
      refresh_token: string
      expires_in: number
    }
    return { ...answer, dueMs: Date.now() + (answer.expires_in - 60) * 1000 }
  }
  let tokens = await ask({ grant_type: 'authorization_code', code: issuer.code })
  const kept = JSON.stringify(tokens)
  const renew = async () => {
    tokens = await ask({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
  }
  return {
    kept: () => kept,
    async call({ path = '', ...call } = {}) {
      if (Date.now() > tokens.dueMs) await renew()
      const init = requestInit(call)
      const send = () =>
        fetch(api + path, { ...init, headers: { authorization: `Bearer ${tokens.access_token}` } }).then(
          statusOf,
        )
      const status = await send()
      if (status !== 401) return status
      await renew()
      return send()
    },
  }
}

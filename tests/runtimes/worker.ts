import { createTokenClient, TokenError } from '../../packages/client/src/index.ts'
import { runScenario, type Setup } from './scenario.ts'

/*
 * Runs in workerd. There one instance serves many requests at once, and what a request began ends with it: its fetches and
 * its timers. A client is made with the module, as an app's would be, and shared by all of them. The setup is put in by the
 * bundler.
 */
declare const setup: Setup

const { issuer, clientId, clientSecret, api } = setup
// It waits long for what the test holds back.
const client = createTokenClient({ issuer, clientId, clientSecret, origins: [api], timeoutMs: 10_000 })

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/scenario') return Response.json(await runScenario(setup))
    return Response.json(await callShared(searchParams.has('impatient')))
  },
}

/** @param isImpatient whether it answers its own request as soon as the API's `/patience` is answered, whatever it waits for. */
async function callShared(isImpatient: boolean): Promise<unknown> {
  const giveUp = new AbortController()
  if (isImpatient) fetch(`${api}/patience`).then(() => giveUp.abort())
  try {
    const response = await client.fetch(`${api}/info`, { signal: giveUp.signal })
    await response.body?.cancel()
    return { status: response.status }
  } catch (error) {
    return { failure: error instanceof TokenError ? error.code : (error as Error).name }
  }
}

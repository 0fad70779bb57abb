import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codeChallenge, verifier } from '../support/connection.ts'
import type { Dev } from '../support/dev.ts'

/** An app of another origin: a link that connects it, and the page that people come back to. */
export interface DemoApp extends AsyncDisposable {
  url: string
  /** What came back last, by GET or by a form. */
  received(): URLSearchParams | undefined
  /** Exchanges the code that came back. */
  redeem(): Promise<Record<string, unknown>>
}

/** @param parameters of the authorization request, over those that every app sends. */
export async function startDemoApp(
  { description }: Dev,
  parameters: Record<string, string> = {},
): Promise<DemoApp> {
  const { endpoints, client } = description
  let received: URLSearchParams | undefined
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    if (pathname === '/callback') {
      received = request.method === 'POST' ? new URLSearchParams(await readText(request)) : searchParams
    }
    response.setHeader('content-type', 'text/html')
    const link = `<a id="connect" href="${authorizationUrl().replaceAll('&', '&amp;')}">Connect</a>`
    response.end(
      `<!doctype html><html lang="en"><title>App</title>${pathname === '/callback' ? '<p id="back">Back</p>' : link}`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const redirectUri = `${url}/callback`

  function authorizationUrl(): string {
    const target = new URL(endpoints.authorization ?? '')
    target.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      state: 'the-state',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...parameters,
    }).toString()
    return target.href
  }

  return {
    url,
    received: () => received,
    async redeem() {
      const response = await fetch(endpoints.token ?? '', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: received?.get('code') ?? '',
          redirect_uri: redirectUri,
          client_id: client.client_id,
          client_secret: client.client_secret,
          code_verifier: verifier,
        }),
      })
      return (await response.json()) as Record<string, unknown>
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readText(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

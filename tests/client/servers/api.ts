import { listen } from '@latchkey/server'

/** An API on a port of its own. */
export interface Api extends AsyncDisposable {
  /** Its origin. */
  origin: string
  /** A path of it that any good token opens. */
  url: string
  /** A path of it that needs the scope `write`. */
  writeUrl: string
  /** How many of its answers had this status. */
  answered(status: number): number
}

/** @param check answers a request: with 200 where its token is good. */
export async function startApi(
  check: (request: Request, needsWrite: boolean) => Promise<Response>,
): Promise<Api> {
  const listener = await listen({ host: '127.0.0.1', port: 0 })
  const statuses: number[] = []
  listener.serve(async (request) => {
    const response = await check(request, new URL(request.url).pathname === '/write')
    statuses.push(response.status)
    return response
  })
  const origin = `http://127.0.0.1:${listener.port}`
  return {
    origin,
    url: `${origin}/read`,
    writeUrl: `${origin}/write`,
    answered: (status) => statuses.filter((one) => one === status).length,
    [Symbol.asyncDispose]: () => listener.close(),
  }
}

import { createHmac } from 'node:crypto'
import type { Clock } from '../base/clock.ts'

/** The largest answer that is read, in bytes. */
export const maxAnswerBytes = 16_384

/** Statuses by which the owner's system says that this is nobody. */
const nobody: readonly number[] = [401, 403, 404]

export interface OwnerSystem {
  url: string
  /** `PEOPLE_SECRET` */
  secret: string
  clock: Clock
}

/** What the owner's system answered cannot be taken. The message holds nothing that was sent or answered. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/**
 * Asks the owner's system by a POST of `{ username, password }` whose header `latchkey-signature` proves who asks. The
 * answer: 200 with the person, or 401, 403 or 404 for nobody. Redirects are not followed: the password goes nowhere else.
 *
 * @throws WrongAnswer on any other answer; whatever fetch throws.
 */
export function askOwner({ url, secret, clock }: OwnerSystem) {
  return async (
    username: string,
    password: string,
    { signal }: { signal: AbortSignal },
  ): Promise<unknown> => {
    const body = JSON.stringify({ username, password })
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'latchkey-signature': sign(body, secret, clock()),
      },
      body,
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) return readJson(await readBounded(response))
    await response.body?.cancel()
    if (nobody.includes(response.status)) return undefined
    throw new WrongAnswer(`the answer was ${response.status}`)
  }
}

/** `t=<unix seconds>,v1=<hex>`: HMAC-SHA-256 of the time, a dot and the body, so that an old request is known as one. */
function sign(body: string, secret: string, now: number): string {
  const mac = createHmac('sha256', secret).update(`${now}.${body}`).digest('hex')
  return `t=${now},v1=${mac}`
}

/** Leaving the loop early ends the answer: no more of it is taken. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new WrongAnswer(`the answer was longer than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new WrongAnswer('the answer was no JSON')
  }
}

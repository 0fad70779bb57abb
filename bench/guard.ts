import { createGuard } from '@latchkey/guard'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { interleave, repeat } from './harness/repeat.ts'
import { isQuick, reportRates } from './harness/report.ts'
import { openServer } from './harness/server.ts'

/** More than a guard keeps (10,000), so that one which is asked about them in turn has always forgotten the next. */
const tokenCount = 11_000

await using server = await openServer()
const { issuer, audience } = server.latchkey.config
const guard = createGuard({
  issuer,
  audience,
  fetch: server.latchkey.fetch,
  revocations: server.latchkey.revocations,
})
await guard.ready()
const keySet = createLocalJWKSet(await server.get<JSONWebKeySet>('/jwks'))
const tokens: string[] = []
while (tokens.length < tokenCount) tokens.push(await server.token())
const tokenAt = (index: number): string => tokens[index % tokenCount] ?? ''

async function check(token: string): Promise<void> {
  const result = await guard.check({ headers: { authorization: `Bearer ${token}` } })
  if (!result.ok) throw new Error(`The guard refused a good token: ${result.status}.`)
}

const plan = { concurrency: 1, seconds: isQuick ? 0.5 : 2 }
reportRates(
  await interleave(
    {
      'jose jwtVerify': () =>
        repeat(
          (index) =>
            jwtVerify(tokenAt(index), keySet, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] }),
          plan,
        ),
      'check, new token': () => repeat((index) => check(tokenAt(index)), plan),
      'check, known token': () => repeat(() => check(tokenAt(0)), plan),
    },
    isQuick ? 3 : 7,
  ),
)
guard.close()

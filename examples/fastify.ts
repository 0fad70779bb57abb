// A guarded API in Fastify.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/fastify.ts
//
// `latchkey dev` prints that secret in its line "API".
import { createGuard } from '@latchkey/guard'
import { principalOf, requires, resourceMetadata } from '@latchkey/guard/fastify'
import fastify from 'fastify'

// One guard for the whole API. It fetches the server's keys and follows its revocations by itself.
const guard = createGuard({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  audience: process.env.LATCHKEY_AUDIENCE ?? 'http://127.0.0.1:3000/api',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-api',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
})

const app = fastify()

// Tells clients which server gives tokens for this API (RFC 9728).
app.route(resourceMetadata(guard))

// Any good token will do.
app.get('/info', { onRequest: requires(guard) }, async () => ({ message: 'Your token is good.' }))

// Who calls: the guard sets `request.principal`.
app.get('/whoami', { onRequest: requires(guard) }, async (request) => {
  const { subject, clientId, scope } = principalOf(request)
  return { subject, clientId, scope }
})

// The token must have the scope.
app.get('/scopes/read', { onRequest: requires(guard, 'read') }, async () => ({ message: 'You may read.' }))
app.get('/scopes/write', { onRequest: requires(guard, 'write') }, async () => ({ message: 'You may write.' }))

const address = await app.listen({ port: Number(process.env.PORT ?? 4000) })
process.stdout.write(`Listening on ${address}\n`)

// A guarded API in Hono.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/hono.ts
//
// `latchkey dev` prints that secret in its line "API".
import { serve } from '@hono/node-server'
import { createGuard } from '@latchkey/guard'
import { requires, resourceMetadata } from '@latchkey/guard/hono'
import { Hono } from 'hono'

// One guard for the whole API. It fetches the server's keys and follows its revocations by itself.
const guard = createGuard({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  audience: process.env.LATCHKEY_AUDIENCE ?? 'http://127.0.0.1:3000/api',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-api',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
})

const app = new Hono()

// Tells clients which server gives tokens for this API (RFC 9728).
app.use(resourceMetadata(guard))

// Any good token will do.
app.get('/info', requires(guard), (c) => c.json({ message: 'Your token is good.' }))

// Who calls: the guard sets `principal`, and the types know it.
app.get('/whoami', requires(guard), (c) => {
  const { subject, clientId, scope } = c.var.principal
  return c.json({ subject, clientId, scope })
})

// The token must have the scope.
app.get('/scopes/read', requires(guard, 'read'), (c) => c.json({ message: 'You may read.' }))
app.get('/scopes/write', requires(guard, 'write'), (c) => c.json({ message: 'You may write.' }))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 4000) }, ({ port }) => {
  process.stdout.write(`Listening on http://localhost:${port}\n`)
})

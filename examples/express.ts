// A guarded API in Express.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/express.ts
//
// `latchkey dev` prints that secret in its line "API".
import { createGuard } from '@latchkey/guard'
import { principalOf, requires, resourceMetadata } from '@latchkey/guard/express'
import express from 'express'

// One guard for the whole API. It fetches the server's keys and follows its revocations by itself.
const guard = createGuard({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  audience: process.env.LATCHKEY_AUDIENCE ?? 'http://127.0.0.1:3000/api',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-api',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
})

const app = express()

// Tells clients which server gives tokens for this API (RFC 9728).
app.use(resourceMetadata(guard))

// Any good token will do.
app.get('/info', requires(guard), (_req, res) => {
  res.json({ message: 'Your token is good.' })
})

// Who calls: the guard sets `req.principal`.
app.get('/whoami', requires(guard), (req, res) => {
  const { subject, clientId, scope } = principalOf(req)
  res.json({ subject, clientId, scope })
})

// The token must have the scope.
app.get('/scopes/read', requires(guard, 'read'), (_req, res) => {
  res.json({ message: 'You may read.' })
})
app.get('/scopes/write', requires(guard, 'write'), (_req, res) => {
  res.json({ message: 'You may write.' })
})

const port = Number(process.env.PORT ?? 4000)
app.listen(port, (error) => {
  if (error) throw error
  process.stdout.write(`Listening on http://localhost:${port}\n`)
})

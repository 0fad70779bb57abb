// A guarded API on web-standard Request and Response: for any runtime or framework that speaks them.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/fetch.ts
//
// `latchkey dev` prints that secret in its line "API".
import { serve } from '@hono/node-server'
import { createGuard } from '@latchkey/guard'
import { protect, resourceMetadata } from '@latchkey/guard/fetch'

// One guard for the whole API. It fetches the server's keys and follows its revocations by itself.
const guard = createGuard({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  audience: process.env.LATCHKEY_AUDIENCE ?? 'http://127.0.0.1:3000/api',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-api',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
})

// A protected handler runs only with a good token, and gets the caller as its second argument.
const routes = new Map([
  ['/info', protect(guard, {}, () => Response.json({ message: 'Your token is good.' }))],
  [
    '/whoami',
    protect(guard, {}, (_, { subject, clientId, scope }) => Response.json({ subject, clientId, scope })),
  ],
  ['/scopes/read', protect(guard, { scope: 'read' }, () => Response.json({ message: 'You may read.' }))],
  ['/scopes/write', protect(guard, { scope: 'write' }, () => Response.json({ message: 'You may write.' }))],
])

// Tells clients which server gives tokens for this API (RFC 9728).
const metadata = resourceMetadata(guard)

async function fetch(request: Request): Promise<Response> {
  const route = routes.get(new URL(request.url).pathname)
  return metadata(request) ?? (await route?.(request)) ?? new Response('Not found', { status: 404 })
}

serve({ fetch, port: Number(process.env.PORT ?? 4000) }, ({ port }) => {
  process.stdout.write(`Listening on http://localhost:${port}\n`)
})

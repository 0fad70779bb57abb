// An Express app whose people connect it to their account at an API.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/client-express.ts
//
// `latchkey dev` prints that secret in its line "App", and the passwords of two people to sign in as. Then open
// http://localhost:4001.
import { randomBytes } from 'node:crypto'
import { createTokenClient, memoryStore, type TokenClient, TokenError } from '@latchkey/client'
import { type DisconnectOptions, disconnect } from '@latchkey/client/disconnect'
import { beginSignIn, finishSignIn, type PendingSignIn, SignInError } from '@latchkey/client/sign-in'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'

const port = Number(process.env.PORT ?? 4001)
const appUrl = process.env.APP_URL ?? `http://localhost:${port}`
const api = process.env.LATCHKEY_API ?? 'http://127.0.0.1:3000/api'
const issuer = process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000'
const clientId = process.env.LATCHKEY_CLIENT_ID ?? 'demo-app'
const clientSecret = process.env.LATCHKEY_CLIENT_SECRET

const app = express()

// Sends the browser to the server. What it was sent with stays in its session, so only this browser can come back with it.
app.get('/sign-in', async (req, res) => {
  const session = sessionOf(req) ?? startSession(res)
  session.pending = await beginSignIn({ issuer, clientId, redirectUri: `${appUrl}/callback`, scope: 'read' })
  res.redirect(session.pending.url)
})

// Where the browser comes back to. The code is exchanged at once, as it lives for a minute; after that the client
// refreshes by itself. A person who has signed in has a new session: one that was put into their browser is of no use.
app.get('/callback', async (req, res) => {
  const pending = takePending(req)
  const options = {
    issuer,
    clientId,
    clientSecret,
    grant: finishSignIn(req.originalUrl, pending),
    origins: [new URL(api).origin],
    // Each person's own. An app that restarts keeps them outside, as sql-store.ts does.
    store: memoryStore(),
  }
  const client = createTokenClient(options)
  await client.getToken()
  endSession(req)
  startSession(res).connection = { client, options }
  res.redirect('/')
})

// Calls the API for the person.
app.get('/', async (req, res) => {
  const { client } = sessionOf(req)?.connection ?? {}
  if (!client) return sendPage(res, 200, '<p>Nobody is signed in. <a href="/sign-in">Sign in</a></p>')
  const answer = await client.fetch(`${api}/whoami`)
  const said = escapeHtml(await answer.text())
  const form = '<form method="post" action="/disconnect"><button>Disconnect</button></form>'
  sendPage(res, 200, `<p>The API answered ${answer.status}:</p><pre>${said}</pre>${form}`)
})

// Ends the connection at the server too. SameSite=Lax keeps forms of other sites out.
app.post('/disconnect', async (req, res) => {
  const { options } = sessionOf(req)?.connection ?? {}
  if (options) await disconnect(options)
  endSession(req)
  res.redirect(303, '/')
})

const showError: ErrorRequestHandler = (error, req, res, _next) => {
  if (error instanceof SignInError)
    return sendPage(res, 400, `<p>${escapeHtml(error.message)} <a href="/sign-in">Sign in</a></p>`)
  if (error instanceof TokenError && error.code === 'connection_ended') {
    // The person ended it, or was away for too long.
    endSession(req)
    return sendPage(res, 401, '<p>The connection has ended. <a href="/sign-in">Sign in again</a></p>')
  }
  process.stderr.write(`${error}\n`)
  if (error instanceof TokenError && error.isPassing)
    return sendPage(res, 503, '<p>The server cannot answer just now.</p>')
  sendPage(res, 500, '<p>Something went wrong.</p>')
}
app.use(showError)

/** What the app knows of one browser. */
interface Session {
  pending?: PendingSignIn
  connection?: { client: TokenClient; options: DisconnectOptions }
}

/** In memory, by the id in the browser's cookie. The oldest give way. */
const sessions = new Map<string, Session>()
const maxSessions = 10_000

const idOf = ({ headers }: Request): string =>
  /(?:^|; )app_session=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? ''

function sessionOf(req: Request): Session | undefined {
  return sessions.get(idOf(req))
}

function startSession(res: Response): Session {
  const [oldest = ''] = sessions.keys()
  if (sessions.size >= maxSessions) sessions.delete(oldest)
  const id = randomBytes(32).toString('base64url')
  const session: Session = {}
  sessions.set(id, session)
  res.cookie('app_session', id, {
    httpOnly: true,
    sameSite: 'lax',
    secure: appUrl.startsWith('https:'),
  })
  return session
}

/** A sign-in is used once. */
function takePending(req: Request): PendingSignIn | undefined {
  const session = sessionOf(req)
  const pending = session?.pending
  delete session?.pending
  return pending
}

function endSession(req: Request): void {
  sessions.delete(idOf(req))
}

function sendPage(res: Response, status: number, body: string): void {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title>${body}</html>`
  res.status(status).set('cache-control', 'no-store').type('html').send(html)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

app.listen(port, (error) => {
  if (error) throw error
  process.stdout.write(`Listening on ${appUrl}\n`)
})

import { ConfigError, isLoopback } from '../config/config.ts'

/** How to reach a mail server, in nodemailer's words. */
export interface SmtpServer {
  host: string
  port: number
  /** TLS from the first byte. */
  secure: boolean
  /** Without STARTTLS nothing is sent. */
  requireTLS: boolean
  /** STARTTLS is passed over, even where it is offered. */
  ignoreTLS: boolean
  auth: { user: string; pass: string } | undefined
}

const ports: Record<string, { port: number; portWithCredentials: number }> = {
  'smtp:': { port: 25, portWithCredentials: 587 },
  'smtps:': { port: 465, portWithCredentials: 465 },
}

/**
 * Reads `SMTP_URL`: `smtps://user:password@host` (TLS from the start, port 465) or `smtp://…` (STARTTLS, port 587 with
 * credentials and 25 without).
 *
 * Credentials never go over a line in plain text: with them `smtp://` insists on STARTTLS. Without them it is used where
 * the server offers it, as a relay in one's own network often does not. Certificates are always checked. The loopback
 * is no line, so there TLS is left out.
 *
 * @throws ConfigError in words that hold nothing of the URL, which may carry a password.
 */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const known = url && ports[url.protocol]
  if (!url || !known || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.search || url.hash) {
    throw new ConfigError(
      'SMTP_URL: write smtps://user:password@host:port, or smtp:// for STARTTLS, with signs in the password percent-encoded.',
    )
  }
  const auth = readCredentials(url)
  const isLocal = isLoopback(url.hostname)
  const secure = url.protocol === 'smtps:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (auth ? known.portWithCredentials : known.port) : Number(url.port),
    secure,
    requireTLS: !secure && !isLocal && auth !== undefined,
    ignoreTLS: !secure && isLocal,
    auth,
  }
}

function readCredentials({ username, password }: URL): SmtpServer['auth'] {
  if (username === '' && password === '') return undefined
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  } catch {
    throw new ConfigError('SMTP_URL: percent-encode the signs in its user and password.')
  }
}

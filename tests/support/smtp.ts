import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as a mail server took it. */
export interface ReceivedMail {
  from: string
  to: string[]
  /** Decoded, by their names in lower case. */
  headers: Map<string, string>
  /** Decoded. */
  text: string
  /** As it came over the line. */
  raw: string
}

export interface MailServer extends AsyncDisposable {
  /** For `SMTP_URL`. */
  url: string
  port: number
  mails: ReceivedMail[]
  /** Times that somebody tried to hand over a mail. */
  attempts(): number
  close(): Promise<void>
}

export interface MailServerOptions extends SMTPServerOptions {
  /** Says why a mail for this address is not taken, with the reply's code in `responseCode`. */
  refuse?: (recipient: string, attempt: number) => Error | undefined
}

/** A real mail server on loopback, that keeps what it takes. */
export async function startMailServer({ refuse, ...options }: MailServerOptions = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  let attempts = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _, done) => done(refuse?.(address, ++attempts)),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address)
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        mails.push({ from, to, ...readMail(Buffer.concat(chunks).toString('latin1')) })
        done()
      })
    },
    ...options,
  })
  // Whoever hangs up is no failure of the test's.
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= new Promise((resolve) => server.close(() => resolve()))
    return closed
  }
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    mails,
    attempts: () => attempts,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An error that a mail server answers with this code (RFC 5321 §4.2). */
export const refusal = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode })

/** The one link of ours in a mail. */
export function linkIn({ text }: { text: string }): string {
  const links = text.match(/https?:\/\/\S+/g) ?? []
  const [link] = links
  if (link === undefined || links.length > 1) throw new Error(`Not one link: ${text}`)
  return link
}

function readMail(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'raw'> {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())] as const
    }),
  )
  const encoding = headers.get('content-transfer-encoding')
  return { headers, raw, text: decodeText(raw.slice(end + 4), encoding).replaceAll('\r\n', '\n') }
}

function decodeText(text: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString('utf8')
  return encoding === 'quoted-printable' ? decodeQuoted(text.replace(/=\r\n/g, '')) : text
}

/** RFC 2047: `=?utf-8?Q?…?=`, where white space between two of them is none. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    )

function decodeQuoted(text: string): string {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

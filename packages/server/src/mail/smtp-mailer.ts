import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Mail, Mailer } from './mailer.ts'
import { parseSmtpUrl, type SmtpServer } from './smtp-server-url.ts'

/** Mails that may wait; one more is not taken. */
export const maxWaitingMails = 1_000
/** How long to wait before each further attempt, in milliseconds, where a failure may pass. */
const retryPausesMs = [2_000, 15_000, 60_000]
/** How long a connection, its greeting, a silence and one whole mail may take, in milliseconds. */
const timeoutsMs = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 15_000 }
const sendTimeoutMs = 30_000
/** How long closing waits for mails that are still to be sent, in milliseconds. */
const closeTimeoutMs = 5_000

export interface SmtpMailerOptions {
  /** `SMTP_URL`, as {@link parseSmtpUrl} takes it. */
  url: string
  from: { name: string; address: string }
  logger: Logger
  /** Default: {@link retryPausesMs}. */
  retryPausesMs?: readonly number[]
}

interface Job {
  mail: Mail
  /** Attempts that failed. */
  failures: number
}

/**
 * Sends mails one after the other. One whose failure may pass waits aside for its next attempt and holds up no other.
 * What waits is lost when the process ends: whoever asked for the mail asks again.
 *
 * @throws ConfigError when the URL cannot be used.
 */
export function createSmtpMailer(options: SmtpMailerOptions): Mailer {
  const { logger } = options
  const pauses = options.retryPausesMs ?? retryPausesMs
  const closing = new AbortController()
  const deliver = createDelivery(parseSmtpUrl(options.url), options.from, closing.signal)
  const waiting: Job[] = []
  const aside = new Map<Job, NodeJS.Timeout>()
  let sending: Promise<void> | undefined
  let isClosing = false

  function add(job: Job): void {
    waiting.push(job)
    sending ??= sendAll()
  }

  async function sendAll(): Promise<void> {
    // Whoever asked gets its answer first.
    await setImmediate()
    for (let job = waiting.shift(); job; job = waiting.shift()) await attempt(job)
    sending = undefined
  }

  async function attempt(job: Job): Promise<void> {
    try {
      await deliver(job.mail)
    } catch (error) {
      const pauseMs = mayPass(error) && !isClosing ? pauses[job.failures] : undefined
      job.failures++
      logger.warn({ ...describe(error), attempt: job.failures, retry_in_ms: pauseMs }, 'a mail was not sent')
      if (pauseMs !== undefined) setAside(job, pauseMs)
    }
  }

  function setAside(job: Job, pauseMs: number): void {
    const timer = setTimeout(() => takeBack(job), pauseMs)
    timer.unref()
    aside.set(job, timer)
  }

  function takeBack(job: Job): void {
    clearTimeout(aside.get(job))
    aside.delete(job)
    add(job)
  }

  return {
    send(mail) {
      if (isClosing || waiting.length + aside.size >= maxWaitingMails) {
        logger.error({ waiting: waiting.length + aside.size }, 'a mail was not taken')
        return
      }
      add({ mail, failures: 0 })
    },

    outbox: undefined,

    async close() {
      isClosing = true
      for (const job of [...aside.keys()]) takeBack(job)
      const deadline = setTimeout(() => {
        logger.error({ waiting: waiting.splice(0).length }, 'the server stopped before all mails were sent')
        closing.abort()
      }, closeTimeoutMs)
      await sending
      clearTimeout(deadline)
    },
  }
}

/** One mail over one connection. nodemailer is loaded with the first. */
function createDelivery(
  { auth, ...server }: SmtpServer,
  from: SmtpMailerOptions['from'],
  closing: AbortSignal,
): (mail: Mail) => Promise<void> {
  let transport: ReturnType<typeof open> | undefined

  async function open() {
    const { createTransport } = await import('nodemailer')
    return createTransport({ ...server, ...(auth ? { auth } : {}), ...timeoutsMs })
  }

  return async ({ to, subject, text }) => {
    transport ??= open()
    await (await transport).sendMail({
      from: { name: oneLine(from.name), address: from.address },
      // As an object it is one address whatever it holds, never a list.
      to: { name: '', address: oneLine(to) },
      subject: oneLine(subject),
      text,
      // No machine shall answer it (RFC 3834 §5).
      headers: { 'auto-submitted': 'auto-generated' },
      xMailer: false,
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: AbortSignal.any([closing, AbortSignal.timeout(sendTimeoutMs)]),
    })
  }
}

/** Nothing in a header ends it and begins another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')

/** What nodemailer says of a failure. */
interface SmtpFailure {
  code?: unknown
  command?: unknown
  responseCode?: unknown
}

/** RFC 5321 §4.2.1: a reply of 5yz stays so. A server that cannot be reached may be there later. */
function mayPass(error: unknown): boolean {
  const { code, responseCode } = error as SmtpFailure
  if (typeof responseCode === 'number' && responseCode > 0) return responseCode < 500
  return code !== 'EENVELOPE' && code !== 'ETLS' && code !== 'EAUTH'
}

/** For the log. The server's own words are left out: they name the address, and may quote the mail. */
function describe(error: unknown): Record<string, unknown> {
  const { code, command, responseCode } = error as SmtpFailure
  return { error: code, command, reply: responseCode }
}

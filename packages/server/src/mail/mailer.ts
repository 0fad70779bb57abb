import type { UnixSeconds } from '../base/clock.ts'

/** A mail, in plain text. */
export interface Mail {
  /** One address. */
  to: string
  subject: string
  text: string
}

/** Sends mail, later and in order: whoever asks for one cannot tell by the time whether it is sent. */
export interface Mailer {
  /** Takes the mail and returns at once. Failures are logged, without its text. */
  send(mail: Mail): void
  /** What was sent lately, newest first, where mails are kept for reading (`latchkey dev`). */
  readonly outbox: readonly (Mail & { at: UnixSeconds })[] | undefined
  /** Resolves when nothing waits any more, or after a bound. */
  close(): Promise<void>
}

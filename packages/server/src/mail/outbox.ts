import type { Clock } from '../base/clock.ts'
import type { Mailer } from './mailer.ts'

/** Mails that are kept; the oldest goes first. */
export const maxKeptMails = 100

/** Keeps mails in memory in place of sending them, so that whoever tries Latchkey can read them without a mail server. */
export function createOutbox(clock: Clock): Mailer {
  let kept: NonNullable<Mailer['outbox']> = []
  return {
    send(mail) {
      kept = [{ ...mail, at: clock() }, ...kept].slice(0, maxKeptMails)
    },
    get outbox() {
      return kept
    },
    close: async () => {},
  }
}

import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import type { Mailer } from './mailer.ts'
import { createOutbox } from './outbox.ts'
import { createSmtpMailer } from './smtp-mailer.ts'

export interface MailerParts {
  config: Pick<Config, 'smtpUrl' | 'mailFrom' | 'issuer' | 'apiName'>
  logger: Logger
  clock: Clock
  /** Whether mails are kept in memory to be read, in place of being sent. */
  keepsOutbox: boolean
}

/**
 * The mailer that the configuration asks for. `undefined`: there is no way to send mail.
 *
 * @throws ConfigError when `SMTP_URL` cannot be used.
 */
export function createMailer({ config, logger, clock, keepsOutbox }: MailerParts): Mailer | undefined {
  if (keepsOutbox) return createOutbox(clock)
  const { smtpUrl: url, mailFrom, issuer, apiName } = config
  if (url === undefined) return undefined
  const address = mailFrom ?? `no-reply@${new URL(issuer).hostname}`
  return createSmtpMailer({ url, from: { name: apiName, address }, logger })
}

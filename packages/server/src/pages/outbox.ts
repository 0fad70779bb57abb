import type { Handler } from '../base/handler.ts'
import type { PageContext } from './page-context.ts'
import { outboxTemplate } from './templates/outbox.ts'
import { notOffered, show, visited } from './visit.ts'

/** `GET /mail`: what was mailed, where mails are kept in place of being sent (`latchkey dev`). */
export function outboxPage(context: PageContext): Handler {
  const { mailer } = context
  if (!mailer?.outbox) return notOffered
  return visited(context, (visit) =>
    show(context, visit, outboxTemplate({ mails: mailer.outbox ?? [] }, visit.look)),
  )
}

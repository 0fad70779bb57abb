import { html } from 'hono/html'
import type { UnixSeconds } from '../../base/clock.ts'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'

export interface OutboxProps {
  mails: readonly { to: string; subject: string; text: string; at: UnixSeconds }[]
}

/** The mails that `latchkey dev` would have sent. Links in them can be followed. */
export function outboxTemplate({ mails }: OutboxProps, look: Look): Html {
  const { outbox, dateTime } = look.words
  const content = html`<div class="page-title">
<h1>${outbox.title}</h1>
<p class="lead">${outbox.explanation}</p>
</div>
${
  mails.length === 0
    ? html`<p class="empty">${outbox.empty}</p>`
    : mails.map(
        ({ to, subject, text, at }) => html`<article class="mail">
<h2><bdi>${subject}</bdi></h2>
<p class="small quiet">${outbox.to} <bdi>${to}</bdi> · <time datetime="${new Date(at * 1000).toISOString()}">${dateTime(at)}</time></p>
<div class="mail-text">${withLinks(text)}</div>
</article>`,
      )
}`
  return personalPage({ title: outbox.title, width: 'wide', content }, look)
}

const withLinks = (text: string): (string | Html)[] =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))

import { html } from 'hono/html'
import type { UnixSeconds } from '../../base/clock.ts'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'

/** Nothing to show. */
export const nothing = html``

/** What every form of ours carries, so that no other site can post it. */
export const formTokenField = (formToken: string): Html => hiddenField('form_token', formToken)

export const hiddenField = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">`

export interface FieldParts {
  /** Its name in the form, and its id. */
  name: string
  label: string
  type: 'text' | 'email' | 'password'
  /** What a browser or a password manager fills in (HTML, "Autofill"). */
  autocomplete: 'username' | 'email' | 'name' | 'current-password' | 'new-password'
  value?: string | undefined
  hint?: string | undefined
  error?: string | undefined
  /** The id of a message elsewhere that says what is wrong with it. */
  errorId?: string | undefined
  hasFocus?: boolean
}

/** A field with its label above, its hint and its mistake beside it. */
export function field(parts: FieldParts): Html {
  const { name, label, hint, error } = parts
  return html`<div class="field${error ? ' field-wrong' : ''}">
<label for="${name}">${label}</label>
${hint ? html`<p class="field-hint" id="${name}-hint">${hint}</p>` : ''}
${error ? html`<p class="field-error" id="${name}-error">${error}</p>` : ''}
${input(parts)}
</div>`
}

/** Addresses and names for signing in are no words: a phone must not mend them. */
function input({ name, type, autocomplete, value, hint, error, errorId, hasFocus }: FieldParts): Html {
  const describedBy = [hint && `${name}-hint`, error && `${name}-error`, errorId].filter(Boolean).join(' ')
  const isAddress = type === 'email' || autocomplete === 'username'
  return html`<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" required${
    isAddress ? html` inputmode="email" autocapitalize="none" autocorrect="off" spellcheck="false"` : ''
  }${value === undefined ? '' : html` value="${value}"`}${
    describedBy ? html` aria-describedby="${describedBy}"` : ''
  }${error || errorId ? html` aria-invalid="true"` : ''}${hasFocus ? html` autofocus` : ''}>`
}

/** Says something about the whole page; a mistake is read out at once. */
export const notice = (kind: 'info' | 'done' | 'wrong', text: string, id?: string): Html =>
  html`<p class="notice notice-${kind}" role="${kind === 'wrong' ? 'alert' : 'status'}"${
    id ? html` id="${id}"` : ''
  }>${text}</p>`

/** Every mistake of a form, each leading to its field. */
export function errorSummary(
  errors: readonly (readonly [fieldName: string, message: string])[],
  look: Look,
): Html {
  return html`<div class="notice notice-wrong" role="alert">
<p class="notice-title">${look.words.thereIsAProblem}</p>
<ul>${errors.map(([name, message]) => html`<li><a href="#${name}">${message}</a></li>`)}</ul>
</div>`
}

export interface ShownPerson {
  name: string
  /** What they sign in with. */
  username: string
}

/** A person as they know themselves: the first letter, the name, what they sign in with. */
export const person = ({ name, username }: ShownPerson): Html => html`<span class="person">
<span class="person-letter" aria-hidden="true">${firstLetter(name)}</span>
<span class="person-words"><bdi class="person-name">${name}</bdi>${
  username === name ? '' : html`<bdi class="person-username">${breakable(username)}</bdi>`
}</span>
</span>`

/** An address or a host, which a narrow screen breaks before a sign rather than within a word. */
export const breakable = (text: string): Html =>
  html`${text.split(/(?=[@.])/).map((part, index) => html`${index > 0 ? html`<wbr>` : ''}${part}`)}`

/** As a reader counts letters: a family of emoji is one. */
function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim().slice(0, 32))
  return (first?.segment ?? '').toUpperCase()
}

/** A day, for people and for machines. */
export const day = (at: UnixSeconds, look: Look): Html =>
  html`<time datetime="${new Date(at * 1000).toISOString()}">${look.words.date(at)}</time>`

import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import type { Language } from './languages/language.ts'
import { languages } from './languages/languages.ts'

export interface SectionParts {
  id: string
  title: string
  words: Html
  /** Beside the words. */
  code?: Html | Html[]
}

/** A part of the page with its heading, and code beside the words where there is some. */
export const section = ({ id, title, words, code }: SectionParts): Html => html`
<section id="${id}" class="${code ? 'section beside' : 'section'}" aria-labelledby="${id}-title">
<div class="flow"><h2 id="${id}-title">${title}</h2>${words}</div>
${code ? html`<div class="code">${code}</div>` : ''}
</section>`

/** The same program in each language; the stylesheet shows the chosen one. */
export const snippets = (title: string, write: (language: Language) => string): Html[] =>
  languages.map((language) =>
    figure(title, language.name, write(language), `snippet in-${language.id}`, fileNames[language.id]),
  )

/** Text that is the same in every language: an answer of the server. */
export const sample = (title: string, kind: string, text: string): Html =>
  figure(title, kind, text, 'snippet')

const fileNames: Record<string, string> = { javascript: 'JavaScript (.mjs)' }

function figure(title: string, kind: string, text: string, classes: string, shown = kind): Html {
  return html`<figure class="${classes}">
<figcaption><span>${title}</span><span>${shown}</span></figcaption>
<pre tabindex="0" role="region" aria-label="${title}, ${kind}"><code>${withFillIns(text)}</code></pre>
</figure>`
}

/** Marks what the reader replaces. */
const withFillIns = (text: string): (string | Html)[] =>
  text
    .split(/(YOUR_[A-Z_]+)/)
    .map((part, index) => (index % 2 === 1 ? html`<span class="fill-in">${part}</span>` : part))

/** The choice of the language that all snippets are shown in. */
export const languagePicker = (): Html => html`<fieldset class="languages">
<legend class="visually-hidden">Language of the examples</legend>
<span class="legend quiet" aria-hidden="true">Examples in</span>
<span class="choices">${languages.map(
  ({ id, name }, index) =>
    html`<label><input type="radio" name="language" id="language-${id}"${
      index === 0 ? html` checked` : ''
    }>${name}</label>`,
)}</span>
</fieldset>`

export const code = (text: string): Html => html`<code>${text}</code>`

export const json = (value: unknown): string => JSON.stringify(value, null, 2)

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `36000` → `10 hours`; `90` → `90 seconds`. */
export function durationInWords(seconds: number): string {
  const [unit, length] = units.find(([, candidate]) => seconds % candidate === 0) ?? ['second', 1]
  const count = seconds / length
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** How long a token lives, in words. */
export const lifetimeInWords = ({ config }: DocsFacts): string =>
  durationInWords(config.accessTokenLifetimeSeconds)

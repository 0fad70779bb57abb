import { languages } from '../docs/languages/languages.ts'

const chosen = languages.map(({ id }) => `body:has(#language-${id}:checked) .in-${id}`).join(',\n  ')
const any = languages.map(({ id }) => `.in-${id}`).join(', ')

/** The pages for developers: navigation, words with code beside them. A browser without :has() shows every language. */
export const docsStyle = `
.visually-hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
.docs { max-width: 88rem; margin: 0 auto; padding: var(--space-6) clamp(1rem, 4vw, 3rem) var(--space-16); }
.docs-nav { font-size: 0.9375rem; }
.docs-nav .brand { font-weight: 650; }
.docs-nav ul { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 0 var(--space-4); margin: var(--space-4) 0 0; padding: 0; list-style: none; }
.docs-nav a { display: block; padding: var(--space-1) 0; color: var(--ink-quiet); text-decoration: none; }
.docs-nav a:hover { color: var(--accent); text-decoration: underline; }
.docs-intro { padding: var(--space-8) 0 var(--space-6); }
.docs-intro > * + * { margin-top: var(--space-3); }
.docs-intro .lead { max-width: 44rem; }
.section { padding: var(--space-12) 0; scroll-margin-top: var(--space-6); }
.section + .section { border-top: 1px solid var(--line); }
.section .flow > :is(p, ul, ol, .members) { max-width: 42rem; }
.code { display: grid; gap: var(--space-4); margin-top: var(--space-6); min-width: 0; }
.after-heading { margin-top: var(--space-2); }
.errors { margin-top: var(--space-4); }
.error { padding: var(--space-4); margin-inline: calc(-1 * var(--space-4)); border-radius: var(--radius); scroll-margin-top: var(--space-16); }
.error > * + * { margin-top: var(--space-1); }
.error h4 { display: flex; flex-wrap: wrap; gap: var(--space-1) var(--space-3); align-items: baseline; margin: 0; font-size: var(--text-body); font-weight: 600; }
.error h4 a { color: inherit; text-decoration: none; }
.error h4 a:hover { text-decoration: underline; }
.error .status { font-weight: 400; font-size: var(--text-small); color: var(--ink-quiet); }
.error p { max-width: 42rem; }
.error:target { background: var(--accent-ground); box-shadow: inset 3px 0 var(--accent); }
.error:target .status, .error:target .quiet { color: var(--ink); }
@supports selector(:has(a)) {
  ${any} { display: none; }
  ${chosen} { display: block; }
}
@media (min-width: 64rem) {
  .docs { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: clamp(2rem, 3vw, 4rem); padding-top: 0; }
  .docs-nav { position: sticky; top: 0; align-self: start; max-height: 100vh; padding: var(--space-8) 0; overflow-y: auto; }
  .docs-nav ul { display: block; }
}
@media (min-width: 72rem) {
  .beside, .error { display: grid; grid-template-columns: minmax(0, 4fr) minmax(0, 5fr); column-gap: clamp(2rem, 3vw, 4rem); }
  .error { align-items: start; }
  .error h4 { grid-column: 1 / -1; }
  .code { position: sticky; top: var(--space-16); align-self: start; margin-top: 0; }
}
@media print {
  :root { color-scheme: light; }
  .docs { display: block; max-width: none; padding: 0; }
  .docs-nav ul, .languages, .skip-link { display: none; }
  .beside { display: block; }
  .code { position: static; margin-top: var(--space-4); }
  .section { padding: var(--space-6) 0; }
  .snippet, .error { break-inside: avoid; }
  .snippet pre { white-space: pre-wrap; }
}
`

/** The pages that people see: one column, whose it is above, the words of the page below. */
export const pageStyle = `
.page { min-height: 100vh; min-height: 100svh; display: flex; flex-direction: column; padding: 0 var(--space-4); }
.page > * { width: 100%; max-width: 26rem; margin-inline: auto; }
.page-wide > * { max-width: 44rem; }
.page-brand { padding: clamp(1.5rem, 9vh, 6rem) 0 var(--space-8); font-weight: 600; line-height: 1.4; }
.page-wide .page-brand { padding-top: clamp(1.5rem, 5vh, 3rem); }
.page-brand span { display: block; }
.page-brand img { display: block; max-width: min(12rem, 100%); height: 2rem; object-fit: contain; object-position: left; }
.page-main { flex: 1; }
.page-main > * + * { margin-top: var(--space-6); }
.page-footer { padding: var(--space-12) 0 var(--space-6); font-size: var(--text-small); color: var(--ink-quiet); }
.page h1 { font-size: var(--text-page); }
.page h2 { font-size: var(--text-body); letter-spacing: 0; }
.page .lead { font-size: var(--text-body); }
.page-title > * + * { margin-top: var(--space-2); }
.page-title > .person { margin-top: var(--space-6); }
.whose { display: inline-block; color: var(--ink); font-weight: 500; }
.ways { padding: 0; list-style: none; }
.ways :is(a, span) { display: inline-block; }
.ways li + li { margin-top: var(--space-2); }

.notice { --tone: var(--ink-quiet); padding: var(--space-3) var(--space-4); border: 1px solid color-mix(in srgb, var(--tone) 28%, transparent); border-radius: var(--radius); background: var(--surface); }
.notice-done { --tone: var(--done); background: var(--done-ground); }
.notice-wrong { --tone: var(--danger); background: var(--danger-ground); }
.notice-title { font-weight: 600; }
.notice ul { margin-top: var(--space-1); padding: 0; list-style: none; }
.notice-wrong a { color: var(--danger); font-weight: 500; }

.rows { padding: 0; list-style: none; border: 1px solid var(--line); border-radius: var(--radius); }
.rows > li + li { border-top: 1px solid var(--line); }
.row {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: var(--space-3) var(--space-4);
  width: 100%;
  min-height: 4rem;
  padding: var(--space-3) var(--space-4);
}
.row > .person { flex: 1 1 10rem; }
.row > :is(form, .small) { flex: none; }
.row-link { position: relative; border: 0; background: none; color: inherit; font: inherit; text-align: left; text-decoration: none; cursor: pointer; }
.row-link::after { content: ""; flex: none; width: 0.5rem; height: 0.5rem; border: solid var(--line-strong); border-width: 1.5px 1.5px 0 0; transform: rotate(45deg); }
.row-link:hover { background: var(--surface); }
.row-link:active { background: var(--accent-ground); }
.row-link:focus-visible { outline-offset: -2px; border-radius: var(--radius); }
.rows > li:first-child .row-link { border-radius: var(--radius) var(--radius) 0 0; }
.rows > li:last-child .row-link { border-radius: 0 0 var(--radius) var(--radius); }
.rows > li:only-child .row-link { border-radius: var(--radius); }

.person { display: flex; align-items: center; gap: var(--space-3); min-width: 0; }
.person-letter {
  flex: none;
  display: grid;
  place-items: center;
  width: 2.25rem;
  height: 2.25rem;
  border-radius: 50%;
  background: var(--accent-ground);
  color: var(--accent);
  font-weight: 600;
  line-height: 1;
}
.person-words { min-width: 0; line-height: 1.4; }
.person-words bdi { display: block; }
.person-name { font-weight: 500; }
.person-username { font-size: var(--text-small); color: var(--ink-quiet); }
.person-add { background:
  linear-gradient(currentColor, currentColor) center / 0.75rem 1.5px no-repeat,
  linear-gradient(currentColor, currentColor) center / 1.5px 0.75rem no-repeat,
  var(--surface); color: var(--ink-quiet); }
.demo { padding-top: var(--space-6); border-top: 1px solid var(--line); }
.demo .rows { margin-top: var(--space-3); }

.marks { padding: 0; list-style: none; }
.marks > li { position: relative; padding-left: var(--space-6); }
.marks > li + li { margin-top: var(--space-2); }
.marks > li::before { content: ""; position: absolute; left: 0.3em; top: calc((1lh - 0.66em) / 2 - 0.08em); width: 0.34em; height: 0.66em; border: solid var(--accent); border-width: 0 2px 2px 0; transform: rotate(42deg); }
.marks-cannot > li, .marks-withheld > li { color: var(--ink-quiet); }
.marks-cannot > li::before, .marks-withheld > li::before { left: 0.1em; top: calc(0.5lh - 1px); width: 0.7em; height: 0; border-width: 2px 0 0; border-color: var(--line-strong); transform: none; }
.permissions h2 + * { margin-top: var(--space-2); }
.account-row { flex-wrap: wrap; border: 1px solid var(--line); border-radius: var(--radius); }
.returns > * + * { margin-top: var(--space-1); }
.returns-host { font-size: var(--text-part); font-weight: 600; line-height: 1.4; }

.error-facts { padding-top: var(--space-4); border-top: 1px solid var(--line); font-size: var(--text-small); color: var(--ink-quiet); }
.error-facts > * + *, .error-facts details p { margin-top: var(--space-2); }
summary { width: fit-content; padding: var(--space-1) 0; cursor: pointer; }
summary:hover { color: var(--ink); }

@media (max-width: 30rem) {
  .page .page-brand { padding: var(--space-6) 0; }
}
:lang(ja) { --font-text: var(--font-japanese); line-break: strict; }
:lang(ja) .lead { line-height: 1.75; }
:lang(ja) body { line-height: 1.75; font-family: var(--font-japanese); }
:lang(ja) :is(h1, h2, h3) { line-height: 1.45; letter-spacing: 0; word-break: auto-phrase; }
:lang(ja) :is(p, li, label, .button) { word-break: auto-phrase; }
@media (forced-colors: active) {
  .button, .notice, .person-letter { border: 1px solid; }
}
`

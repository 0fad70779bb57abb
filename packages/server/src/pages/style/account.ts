/** A person's own page, and the mails of `latchkey dev`: lists in a wider column. */
export const accountStyle = `
.page .part h2 { font-size: var(--text-part); }
.page-main > .part { margin-top: var(--space-12); }
.part > h2 + * { margin-top: var(--space-3); }
.part h3 { font-weight: 600; }
.part .actions + p { margin-top: var(--space-3); }
.empty { padding: var(--space-6) var(--space-4); border: 1px dashed var(--line-strong); border-radius: var(--radius); color: var(--ink-quiet); }
.app { align-items: flex-start; padding-block: var(--space-4); }
.app-words { min-width: 0; }
.app-words > .marks { margin-top: var(--space-3); }
.app-words > .marks > li + li { margin-top: var(--space-1); }
.app-dates { display: flex; flex-wrap: wrap; gap: 0 var(--space-6); margin-top: var(--space-3); }
.app-dates > div { display: flex; gap: var(--space-1); }
.row-actions { display: flex; flex: none; flex-wrap: wrap; gap: var(--space-2); }
.actions { display: flex; flex-wrap: wrap; gap: var(--space-3); }
.mail { padding: var(--space-4); border: 1px solid var(--line); border-radius: var(--radius); }
.mail h2 { font-weight: 600; }
.mail-text { margin-top: var(--space-4); white-space: pre-wrap; }
.mail + .mail { margin-top: var(--space-4); }
@media (max-width: 26rem) {
  .people .row:not(.row-link) { flex-wrap: wrap; }
  .people .row:not(.row-link) > .person { flex-basis: 100%; }
  .people .row-actions { flex-basis: 100%; justify-content: flex-end; }
}
@media (max-width: 36rem) {
  .app { flex-direction: column; }
  .app > form, .app > form > .button { width: 100%; }
  .actions > *, .actions .button { width: 100%; }
}
`

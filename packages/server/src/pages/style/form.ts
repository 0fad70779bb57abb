/** Forms: fields, buttons and what is wrong with either. */
export const formStyle = `
.form > * + * { margin-top: var(--space-5); }
.form > [hidden], .form > [type="hidden"] { display: none; }
.form > [type="hidden"] + *, .form > [hidden] + * { margin-top: 0; }
.field label { display: block; font-weight: 500; }
.field-hint { font-size: var(--text-small); color: var(--ink-quiet); }
.field-error { margin-top: var(--space-1); font-size: 0.9375rem; line-height: 1.5; font-weight: 500; color: var(--danger); }
.field input {
  display: block;
  width: 100%;
  min-height: 2.75rem;
  margin-top: var(--space-1);
  padding: var(--space-2) var(--space-3);
  border: 1px solid var(--line-strong);
  border-radius: 0.375rem;
  background: var(--ground);
  color: var(--ink);
  font: inherit;
  line-height: 1.5;
}
.field :is(.field-hint, .field-error) ~ input { margin-top: var(--space-2); }
.field input:hover { border-color: var(--ink-quiet); }
.field input:focus { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
.field input[aria-invalid="true"] { border-color: var(--danger); }
.field input[aria-invalid="true"]:focus { outline-color: var(--danger); }
.field input:autofill { -webkit-text-fill-color: var(--ink); box-shadow: inset 0 0 0 3rem var(--accent-ground); }
.field input:disabled { background: var(--surface); color: var(--ink-quiet); cursor: not-allowed; }

.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 2.75rem;
  padding: var(--space-2) var(--space-5);
  border: 1px solid var(--line-strong);
  border-radius: 0.375rem;
  background: var(--ground);
  color: var(--ink);
  font: inherit;
  font-weight: 600;
  line-height: 1.4;
  text-align: center;
  text-decoration: none;
  overflow-wrap: break-word;
  cursor: pointer;
}
.button:hover { background: var(--surface); border-color: var(--ink-quiet); }
.button:active { background: var(--line); }
.button:focus-visible { border-radius: 0.375rem; }
.button:disabled { opacity: 0.5; cursor: not-allowed; }
.button-primary { border-color: transparent; background: var(--button); color: var(--on-button); }
.button-primary:hover { border-color: transparent; background: color-mix(in srgb, var(--button) 90%, var(--ink)); }
.button-primary:active { background: color-mix(in srgb, var(--button) 80%, var(--ink)); }
.form > .button { width: 100%; }
.button-small { flex: none; white-space: nowrap; min-height: 2.25rem; padding: var(--space-1) var(--space-3); font-size: 0.875rem; font-weight: 500; }
.button-danger { color: var(--danger); }
.button-danger:hover { border-color: var(--danger); background: var(--danger-ground); }
.buttons { display: grid; gap: var(--space-3); }
@media (min-width: 24rem) {
  .buttons { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
}
.decision { padding-top: var(--space-6); border-top: 1px solid var(--line); }
`

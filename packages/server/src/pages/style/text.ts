/** Text and what is in it: headings, links, lists, tables, focus. */
export const textStyle = `
*, *::before, *::after { box-sizing: border-box; }
html {
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}
body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font: var(--text-body)/1.6 var(--font-text);
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, ol, dl, dd, figure, pre, fieldset { margin: 0; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -0.015em; font-weight: 650; text-wrap: balance; }
h1 { font-size: var(--text-title); }
h2 { font-size: var(--text-heading); }
h3 { font-size: var(--text-body); letter-spacing: 0; }
p, li, dd { text-wrap: pretty; }
a { color: var(--accent); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:has(> code) { text-underline-offset: 0.375em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: var(--radius-small); }
.lead { font-size: var(--text-lead); line-height: 1.5; color: var(--ink-quiet); }
.quiet { color: var(--ink-quiet); }
.small { font-size: var(--text-small); }
.skip-link {
  position: absolute;
  inset: var(--space-2) auto auto var(--space-2);
  z-index: 2;
  padding: var(--space-2) var(--space-4);
  border-radius: var(--radius-small);
  background: var(--accent);
  color: var(--on-accent);
}
.skip-link:not(:focus) { clip-path: inset(50%); width: 1px; height: 1px; padding: 0; overflow: hidden; white-space: nowrap; }
.flow > * + * { margin-top: var(--space-4); }
.flow > h2 + * { margin-top: var(--space-3); }
.flow > h3 { margin-top: var(--space-6); }
.flow > h3 + * { margin-top: var(--space-2); }
.flow > p:has(> .button) { margin-top: var(--space-6); }
.flow :is(ul, ol) { padding-left: 1.25rem; }
.flow li + li { margin-top: var(--space-2); }
.members > div { padding: var(--space-3) 0; border-top: 1px solid var(--line); }
.members dd { color: var(--ink-quiet); }
.members dt { font-weight: 600; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: var(--space-3) var(--space-4) var(--space-3) 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { padding-top: 0; font-size: var(--text-small); font-weight: 600; color: var(--ink-quiet); }
tbody th { font-weight: 400; }
td { color: var(--ink-quiet); }
.method { font-size: var(--text-small); font-weight: 600; color: var(--ink-quiet); }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, th, td { display: block; }
  tbody tr { padding: var(--space-3) 0; border-bottom: 1px solid var(--line); }
  th, td { padding: 0; border: 0; }
}
`

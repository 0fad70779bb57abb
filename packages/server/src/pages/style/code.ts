/** Code within text, code beside it, and the choice of its language. */
export const codeStyle = `
code { font-family: var(--font-code); font-size: 0.875em; }
:is(p, li, td, th, dd) > code { padding: 0.125em 0.3125em; border-radius: var(--radius-small); background: var(--surface); color: var(--ink); }
a > code { color: inherit; }
.snippet { border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); overflow: hidden; }
.snippet figcaption {
  display: flex;
  justify-content: space-between;
  gap: var(--space-4);
  padding: var(--space-2) var(--space-4);
  border-bottom: 1px solid var(--line);
  font-size: var(--text-small);
  color: var(--ink-quiet);
}
.snippet figcaption :first-child { font-weight: 600; color: var(--ink); }
.snippet pre {
  padding: var(--space-4);
  overflow-x: auto;
  font: var(--text-code)/1.6 var(--font-code);
  overflow-wrap: normal;
  tab-size: 4;
}
.snippet pre:focus-visible { outline-offset: -2px; border-radius: 0 0 var(--radius) var(--radius); }
.snippet pre code { font-size: inherit; }
.fill-in { padding: 0.0625em 0.1875em; border-radius: var(--radius-small); background: var(--accent-ground); color: var(--accent); }
.languages {
  position: sticky;
  top: 0;
  z-index: 1;
  display: flex;
  align-items: center;
  gap: var(--space-3);
  min-width: 0;
  padding: var(--space-2) 0;
  border: 0;
  background: var(--ground);
  box-shadow: 0 1px var(--line);
  font-size: var(--text-small);
}
.languages .choices { display: flex; gap: var(--space-1); }
.languages label { position: relative; padding: var(--space-1) var(--space-3); border-radius: var(--radius-small); color: var(--ink-quiet); cursor: pointer; }
.languages label:hover { color: var(--ink); background: var(--surface); }
.languages input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
.languages label:has(:checked) { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
.languages label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
@supports not selector(:has(a)) {
  .languages { display: none; }
}
@media (max-width: 30rem) {
  .languages .legend { display: none; }
  .languages label { padding-inline: var(--space-2); }
}
`

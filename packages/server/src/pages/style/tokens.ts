/**
 * What every rule is made of. Space is in steps of 4 px; text in eight sizes; each colour has one meaning and two values,
 * chosen for a contrast of 4.5 to 1 at least wherever text stands on it (WCAG 2.2, 1.4.3). The accent's values follow from the owner's colour (accent.ts).
 */
export const tokens = `
:root {
  color-scheme: light dark;
  --font-text: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  --font-japanese: -apple-system, "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic Medium", "Yu Gothic", Meiryo, "IPAexGothic", "IPAGothic", sans-serif;
  --font-code: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  --text-small: 0.8125rem;
  --text-code: 0.8125rem;
  --text-body: 1rem;
  --text-lead: 1.1875rem;
  --text-heading: 1.5rem;
  --text-part: 1.125rem;
  --text-page: clamp(1.5rem, 1.375rem + 0.6vw, 1.75rem);
  --text-title: clamp(1.875rem, 1.5rem + 1.5vw, 2.5rem);
  --space-1: 0.25rem;
  --space-2: 0.5rem;
  --space-3: 0.75rem;
  --space-4: 1rem;
  --space-5: 1.25rem;
  --space-6: 1.5rem;
  --space-8: 2rem;
  --space-12: 3rem;
  --space-16: 4rem;
  --radius: 0.5rem;
  --radius-small: 0.25rem;
  --ground: light-dark(#ffffff, #101216);
  --surface: light-dark(#f6f7f9, #181b21);
  --line: light-dark(#e2e5ea, #2a2f38);
  --line-strong: light-dark(#8a919c, #6b7380);
  --ink: light-dark(#16191f, #eceef2);
  --ink-quiet: light-dark(#565d69, #a3abb8);
  --danger: light-dark(#b3261e, #ff9c92);
  --danger-ground: light-dark(#fdf0ef, #341a19);
  --done: light-dark(#14693f, #7fd8a8);
  --done-ground: light-dark(#edf7f1, #14291f);
}
`

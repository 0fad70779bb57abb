/** The languages that pages and mails speak, the default first (BCP 47). Each has a file of words. */
export const languages = ['en', 'ja'] as const
export type Language = (typeof languages)[number]

/** Entries of `Accept-Language` that are looked at. */
const maxEntries = 20

/**
 * The language that a browser likes best among those that there are (RFC 9110 §12.5.4).
 *
 * @param acceptLanguage the header; absent or unknown to us: English.
 */
export function chooseLanguage(acceptLanguage: string | null | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',', maxEntries)
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
      const quality = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1)
      return { primary: tag.split('-')[0], quality }
    })
    .filter(({ quality }) => quality > 0)
    .sort((left, right) => right.quality - left.quality)
  for (const { primary } of wanted) {
    const language = languages.find((known) => known === primary)
    if (language) return language
  }
  return languages[0]
}

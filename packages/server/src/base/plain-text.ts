/** Control characters (ESC among them), line ends, and those that turn the order of letters around, as U+202E does. */
const unseen = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu

/** Whether a text looks like what it is: it holds nothing unseen behind which a name could hide. */
export const isPlainText = (text: string): boolean => text.search(unseen) < 0

/** The text in one line, with nothing unseen in it and no space around it. */
export const toPlainText = (text: string): string => text.replace(unseen, ' ').trim()

import { curl } from './curl.ts'
import { javascript } from './javascript.ts'
import type { Language } from './language.ts'
import { php } from './php.ts'
import { python } from './python.ts'

/** In the order in which the page offers them; the first is shown until the reader chooses. */
export const languages: readonly Language[] = [curl, python, javascript, php]

import { chooseLanguage, type Language } from '../base/language.ts'
import type { Config } from '../config/config.ts'
import { logoUrl } from './logo.ts'
import { stylesheetPath } from './stylesheet.ts'
import { wordsIn } from './words/languages.ts'
import type { Words } from './words/words.ts'

/** How a page looks and speaks: whose it is, and the language of who reads it. */
export interface Look {
  language: Language
  words: Words
  apiName: string
  issuer: string
  logoUrl: string | undefined
  stylesheetUrl: string
}

/** The look of an answer to a request: the owner's, in the language that the browser likes best. */
export function lookOf(config: Config, request: Request): Look {
  const language = chooseLanguage(request.headers.get('accept-language'))
  return {
    language,
    words: wordsIn[language],
    apiName: config.apiName,
    issuer: config.issuer,
    logoUrl: logoUrl(config),
    stylesheetUrl: stylesheetPath(config),
  }
}

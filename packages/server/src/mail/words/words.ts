import type { Language } from '../../base/language.ts'
import { en } from './en.ts'
import { ja } from './ja.ts'
import type { MailWords } from './mail-words.ts'

/** What mails say, in each language. */
export const mailWordsIn: Readonly<Record<Language, MailWords>> = { en, ja }

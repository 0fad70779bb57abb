import type { Language } from '../../base/language.ts'
import { en } from './en.ts'
import { ja } from './ja.ts'
import type { Words } from './words.ts'

export const wordsIn: Record<Language, Words> = { en, ja }

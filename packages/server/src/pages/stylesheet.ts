import { sha256 } from '../base/hash.ts'
import type { Config } from '../config/config.ts'
import { assetPath } from './asset.ts'
import { accentTokens } from './style/accent.ts'
import { accountStyle } from './style/account.ts'
import { codeStyle } from './style/code.ts'
import { docsStyle } from './style/docs.ts'
import { formStyle } from './style/form.ts'
import { pageStyle } from './style/page.ts'
import { textStyle } from './style/text.ts'
import { tokens } from './style/tokens.ts'

export interface Stylesheet {
  text: string
  /** Of the text: another stylesheet has another URL. */
  version: string
}

/** @param accentColor the owner's, as `#3a45c4` */
export function createStylesheet(accentColor?: string): Stylesheet {
  const parts = [
    tokens,
    accentTokens(accentColor),
    textStyle,
    codeStyle,
    docsStyle,
    pageStyle,
    formStyle,
    accountStyle,
  ]
  const text = parts.join('\n')
  return { text, version: sha256(text).slice(0, 12) }
}

const stylesheets = new WeakMap<Config, Stylesheet>()

/** The stylesheet of all pages, made once. */
export function stylesheetOf(config: Config): Stylesheet {
  const stylesheet = stylesheets.get(config) ?? createStylesheet(config.accentColor)
  stylesheets.set(config, stylesheet)
  return stylesheet
}

/** Where the stylesheet is, from the root of the host. */
export const stylesheetPath = (config: Config): string =>
  assetPath(config.issuer, 'latchkey.css', stylesheetOf(config).version)

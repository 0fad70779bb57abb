import { sha256 } from '../base/hash.ts'
import { assetPath } from './asset.ts'

/** Sends the form that carries an answer back to the app. Without JavaScript a person presses its button. */
export const formPostScript = "document.querySelector('form').submit()\n"

const version = sha256(formPostScript).slice(0, 12)

/** Where the script is, from the root of the host. */
export const formPostScriptPath = (issuer: string): string => assetPath(issuer, 'form-post.js', version)

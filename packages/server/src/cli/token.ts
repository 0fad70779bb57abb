import { type Credential, createTokenClient, type TokenClient, TokenError } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'
import { CommandError } from './command-error.ts'
import { complain } from './complain.ts'
import { type Profile, readProfile, type Variables } from './profile.ts'
import { printLine } from './with-store.ts'

export interface TokenOptions {
  profile?: string
  header?: boolean
  renew?: boolean
}

/**
 * `latchkey token`: an access token of any server on standard output, and nothing else there. It is kept beside the profile
 * until its time has come; however many ask at once, one is got. It is a client alone: no server runs, no database is opened.
 */
export async function printToken(options: TokenOptions, variables: Variables): Promise<void> {
  const profile = await readProfile(options.profile, variables)
  if (profile.isOpenToOthers)
    complain(`${profile.path} holds a secret, and others may read it. ${howToClose(profile)}`)
  try {
    const { token, headers } = await getCredential(profile, options.renew === true)
    printLine(options.header ? headerLine(headers) : token)
  } catch (error) {
    if (error instanceof TokenError) throw new CommandError(explain(error, profile))
    throw error
  }
}

async function getCredential(profile: Profile, renew: boolean): Promise<Credential> {
  let isNew = false
  let unkept: TokenError | undefined
  const client = createClient(profile, {
    onRenew: ({ grantType }) => {
      isNew = grantType !== undefined
    },
    onError: (error) => {
      if (error.code === 'store_failed') unkept = error
    },
  })
  const first = await credentialOf(client)
  const credential = renew && !isNew ? await credentialOf(client, first.token) : first
  if (!unkept) return credential
  // The old refresh token may be spent: only at once the server may forgive that it is sent again.
  if (profile.isConnection) throw unkept
  complain(explain(unkept, profile))
  return credential
}

/** Nothing is sent there: it stands for whichever API the token is for. */
const anyApi = 'https://api.invalid'

async function credentialOf(client: TokenClient, rejected?: string): Promise<Credential> {
  const credential = await client.credentialFor(anyApi, { rejected })
  if (!credential) throw new TypeError('a token for every API is for none')
  return credential
}

type Hooks = Pick<Parameters<typeof createTokenClient>[0], 'onRenew' | 'onError'>

function createClient({ path, options, tokens }: Profile, hooks: Hooks): TokenClient {
  try {
    return createTokenClient({ ...options, ...hooks, origins: [anyApi], store: fileStore(tokens) })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CommandError(error.message.replace(/^createTokenClient/, path))
  }
}

/** As `curl -H` takes it. */
function headerLine(headers: Credential['headers']): string {
  const [header] = Object.entries(headers)
  if (!header)
    throw new CommandError('By this dialect the API takes its token in the URL. Leave out --header.')
  const [name, value] = header
  return `${name === 'authorization' ? 'Authorization' : name}: ${value}`
}

function howToClose({ path }: Profile): string {
  return `Run \`chmod 600 ${path}\`, or write {"env": "NAME"} there in place of a secret, which \`parameters\` cannot.`
}

/** What is wrong, and what mends it, in the words of who wrote the profile. */
function explain({ code, message, cause }: TokenError, { path, tokens, isConnection }: Profile): string {
  if (code === 'store_mismatch')
    return `${tokens} holds the tokens of another client or server. Name another file as \`tokens\` in ${path}.`
  if (code === 'store_failed')
    return `The tokens cannot be kept in ${tokens}: ${wordsOf(cause)} Mend that, and run this again at once.`
  if (code === 'connection_ended' && isConnection)
    return `${message} Then write the new refresh token to \`refreshToken\` in ${path}.`
  return message
}

/** The file store's own errors say which file or folder, and what is the matter with it. */
const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : '')

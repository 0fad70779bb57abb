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
function explain(error: TokenError, profile: Profile): string {
  const { path, tokens } = profile
  if (error.code === 'store_mismatch')
    return `${tokens} holds the tokens of another client or server. Name another file as \`tokens\` in ${path}.`
  if (error.code === 'store_failed') {
    const why = error.message.replace(/^The store failed: /, '').replace(/[^.?]$/, '$&.')
    return `The tokens cannot be kept in ${tokens}: ${why} Mend that, and run this again at once.`
  }
  return `${error.message} ${adviceOn(error, profile)}`
}

function adviceOn(error: TokenError, profile: Profile): string {
  const { path } = profile
  switch (error.code) {
    case 'connection_ended':
      return howToConnect(error, profile)
    case 'request_refused':
      return `Check ${doubtful(error, profile)} in ${path}.`
    case 'invalid_metadata':
      return `Mend \`issuer\` in ${path}, or write \`tokenEndpoint\` there.`
    case 'invalid_response':
      return `Check ${serverOf(profile)} and \`dialect.answer\` in ${path}.`
    case 'server_unavailable':
      return error.status ? later(error) : howToReach(error, profile)
    default:
      return later(error)
  }
}

/** The tokens that are kept go before the profile's, until the server has said of them that it is over. */
function howToConnect({ status, error }: TokenError, { path, tokens }: Profile): string {
  const write = `write the refresh token of a new connection to \`refreshToken\` in ${path}`
  // Where a status alone says so, the kept ones stay: it may be the client that was refused.
  if (status && !error)
    return `Check ${ofClient} in ${path}; if they are right, delete ${tokens} and ${write}.`
  return `Then ${write}. If you have just written it, run this again.`
}

const ofClient = '`clientId`, `clientSecret` and `auth`'

/** RFC 6749 §5.2, RFC 8707 §2: which of its members a refused profile may have wrong. */
const doubtfulOf: Readonly<Record<string, string>> = {
  invalid_client: ofClient,
  invalid_grant: '`grant`',
  unauthorized_client: '`grant`',
  unsupported_grant_type: '`grant`',
  invalid_scope: '`scope`',
  invalid_target: '`resource`',
}

function doubtful({ error, status }: TokenError, profile: Profile): string {
  const isNamed = error !== undefined && Object.hasOwn(doubtfulOf, error)
  return (isNamed && doubtfulOf[error]) || (status === 401 ? ofClient : serverOf(profile))
}

const serverOf = ({ options }: Profile): string => (options.tokenEndpoint ? '`tokenEndpoint`' : '`issuer`')

const later = ({ retryAfterSeconds }: TokenError): string =>
  retryAfterSeconds ? `Run this again in ${Math.ceil(retryAfterSeconds)} s.` : 'Run this again later.'

/** By the code that stands last in such a message. */
function howToReach({ message }: TokenError, profile: Profile): string {
  const code = /\((\w+)\)\.$/.exec(message)?.[1] ?? ''
  const server = `${serverOf(profile)} in ${profile.path}`
  if (/^(ENOTFOUND|EAI_\w+)$/.test(code)) return `No such host is known: check ${server}, and the network.`
  if (code === 'ECONNREFUSED') return `Nobody listens there: start the server, or check ${server}.`
  if (/SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)/.test(code))
    return 'Its certificate is of no authority that is known here: name the file with that of its authority in NODE_EXTRA_CA_CERTS.'
  if (/CERT_|SSL|^EPROTO$/.test(code)) return `Mend the server's certificate, or check ${server}.`
  return `Check ${server}, and the network.`
}

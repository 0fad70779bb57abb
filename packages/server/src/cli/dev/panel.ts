import { styleText } from 'node:util'
import type { CredentialPresentation } from '../../dialects/dialect.ts'
import { presentationsOf } from '../../dialects/presentation.ts'
import type { Latchkey } from '../../server.ts'
import { version } from '../version.ts'
import type { Description } from './description.ts'
import type { SignInLink } from './sign-in-link.ts'

/** What `latchkey dev` prints when it is ready: what runs where, who there is, and commands to paste. */
export function panel(
  description: Description,
  link: SignInLink,
  latchkey: Pick<Latchkey, 'dialect'>,
): string {
  const { endpoints, client, public_client, resource_server, users, api_key } = description
  const sections = [
    [
      row('Token', endpoints.token),
      row('Sample API', `${endpoints.api}/info  /whoami  /scopes/{scope}`),
      row('How-to page', endpoints.docs),
      row('Account page', endpoints.account),
      row('Mail', endpoints.mail),
      row('Metadata', endpoints.metadata),
      row('Database', description.database),
    ],
    credentialRows([
      ['App', client.client_id, 'secret', client.client_secret],
      ...(public_client ? [['Public app', public_client.client_id, 'no secret', ''] as const] : []),
      ...(api_key === null ? [] : [['API key', client.client_id, 'key', api_key] as const]),
      ['API', resource_server.client_id, 'secret', resource_server.client_secret],
      ...users.map(({ name, username, password }) => [name, username, 'password', password] as const),
    ]),
    [
      row('Sign in', link.url),
      ...(link.verifier === undefined ? [] : [row('', `${dim('code_verifier')}  ${link.verifier}`)]),
    ],
  ]
  return [
    '',
    `  ${styleText('bold', 'Latchkey')} ${version} ${dim(`speaks ${description.dialect} at`)} ${description.issuer}`,
    ...sections.flatMap((rows) => ['', ...rows]),
    '',
    `  ${styleText('bold', 'Try it')} ${dim('in another terminal; Ctrl+C here ends the server')}`,
    '',
    ...commands(description, latchkey).map((command) => `  ${command}`),
    '',
  ].join('\n')
}

function commands(
  { endpoints, client, resource_server, users }: Description,
  latchkey: Pick<Latchkey, 'dialect'>,
): string[] {
  const [presentation = { scheme: 'Bearer' }] = presentationsOf(endpoints.api ?? '', latchkey.dialect)
  const [user] = users
  const isByPassword = latchkey.dialect.grants?.[0] === 'password'
  const credentials = isByPassword
    ? `-d username=${user?.username} -d password=${user?.password}`
    : `-u ${client.client_id}:${client.client_secret} -d grant_type=client_credentials`
  return [
    `TOKEN=$(curl -s ${credentials} ${endpoints.token} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `${curl} ${withToken(presentation, `${endpoints.api}/whoami`)}`,
    `${curl} -u ${resource_server.client_id}:${resource_server.client_secret} -d token=$TOKEN ${endpoints.introspection}`,
  ]
}

/** The words of a call that presents the token as the dialect says. */
function withToken(presentation: CredentialPresentation, url: string): string {
  if ('query' in presentation) return `"${url}?${presentation.query}=$TOKEN"`
  if ('header' in presentation) return `-H "${presentation.header}: $TOKEN" ${url}`
  if ('bare' in presentation) return `-H "Authorization: $TOKEN" ${url}`
  if ('basic' in presentation) return `-u ${presentation.basic === 'username' ? '$TOKEN:' : ':$TOKEN'} ${url}`
  const { scheme, parameter } = presentation
  return `-H "Authorization: ${scheme} ${parameter === undefined ? '' : `${parameter}=`}$TOKEN" ${url}`
}

/** Ends each answer with a line end, which JSON lacks and a prompt needs. */
const curl = "curl -s -w '\\n'"

type Credential = readonly [label: string, id: string, kind: string, secret: string]

/** Ids and secrets stand below each other. */
function credentialRows(credentials: Credential[]): string[] {
  const width = Math.max(...credentials.map(([, id]) => id.length))
  return credentials.map(([label, id, kind, secret]) =>
    row(label, `${id.padEnd(width)}  ${dim(kind.padEnd(9))}  ${secret}`),
  )
}

const row = (label: string, value: string | null): string => `  ${dim(label.padEnd(13))}${value ?? ''}`
const dim = (text: string): string => styleText('dim', text)

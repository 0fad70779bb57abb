import { styleText } from 'node:util'
import type { Latchkey } from '../../server.ts'
import { version } from '../version.ts'
import type { Description } from './description.ts'
import { presentations } from './sample-api.ts'

/** What `latchkey dev` prints when it is ready: what runs where, who there is, and commands to paste. */
export function panel(description: Description, latchkey: Pick<Latchkey, 'dialect'>): string {
  const { endpoints, client, resource_server, users } = description
  const sections = [
    [
      row('Token', endpoints.token),
      row('Sample API', `${endpoints.api}/info  /whoami  /scopes/{scope}`),
      row('How-to page', endpoints.docs),
      row('Metadata', endpoints.metadata),
      row('Database', description.database),
    ],
    [
      row('App', `${client.client_id}   ${dim('secret')} ${client.client_secret}`),
      row('API', `${resource_server.client_id}   ${dim('secret')} ${resource_server.client_secret}`),
      ...users.map(({ name, username, password }) => row(name, `${username} ${dim('password')} ${password}`)),
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
  { endpoints, client, resource_server }: Description,
  latchkey: Pick<Latchkey, 'dialect'>,
): string[] {
  const isBare = presentations(latchkey).some((presentation) => 'bare' in presentation)
  return [
    `TOKEN=$(curl -s -u ${client.client_id}:${client.client_secret} -d grant_type=client_credentials ${endpoints.token} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -H "Authorization: ${isBare ? '' : 'Bearer '}$TOKEN" ${endpoints.api}/whoami`,
    `curl -u ${resource_server.client_id}:${resource_server.client_secret} -d token=$TOKEN ${endpoints.introspection}`,
  ]
}

const row = (label: string, value: string | null): string => `  ${dim(label.padEnd(12))}${value ?? ''}`
const dim = (text: string): string => styleText('dim', text)

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashPassword } from '../../packages/server/src/people/password.ts'
import { startLatchkeyProcess } from '../harness/latchkey-process.ts'
import type { ServerProcess } from '../harness/server-process.ts'
import { audience, client, scope } from '../token/workload.ts'

/** The password of everyone. */
export const password = 'correct horse battery'
export const usernameOf = (index: number): string => `person-${index}`

/**
 * A `latchkey serve` with so many people, whose one client may ask for tokens for itself and send passwords. Whoever asks
 * says by `X-Forwarded-For` where they are, since one address alone would be slowed down.
 */
export async function startSignInServer(people: number): Promise<ServerProcess> {
  const password_hash = await hashPassword(password)
  const lines = Array.from({ length: people }, (_, index) =>
    JSON.stringify({ username: usernameOf(index), password_hash }),
  )
  return startLatchkeyProcess({
    config: { audience, scopes: { [scope]: 'Read' }, passwordGrant: true, trustedProxies: ['127.0.0.1'] },
    prepare(run, folder) {
      const grants = ['--grant', 'client_credentials', 'password']
      run(['app', 'create', 'Bench', '--id', client.id, '--secret-stdin', ...grants], client.secret)
      run(['app', 'allow-password', client.id, '--until', '2100-01-01'])
      const file = join(folder, 'people.jsonl')
      writeFileSync(file, lines.join('\n'))
      run(['user', 'import', file])
    },
  })
}

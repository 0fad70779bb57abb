import { deriveKey } from '../../base/hash.ts'
import { base32 } from '../../base/random.ts'
import type { DemoUser } from '../../pages/page-context.ts'

/** What `latchkey dev` has ready. Secrets follow from the server's own, so that every start knows them. */
export interface Demo {
  client: DemoClient
  /** An app without a secret, as one in a browser or on a phone. */
  publicClient: { id: string }
  resourceServer: DemoClient
  users: readonly DemoUser[]
  /** Derives a secret for one purpose more. */
  secretOf(purpose: string): string
}

export interface DemoClient {
  id: string
  secret: string
}

/**
 * @param serverSecret `LATCHKEY_SECRET`, of which the newest counts.
 * @param hasLocalPeople whether people sign in by passwords that are kept here; otherwise nobody of ours could.
 */
export function createDemo(serverSecret: string, hasLocalPeople: boolean): Demo {
  const newest = serverSecret.split(',')[0]?.trim() ?? ''
  const secretOf = (purpose: string) => base32(deriveKey(newest, `demo ${purpose}`))
  const user = (username: string, name: string) => ({
    username,
    password: secretOf(username).slice(0, 16),
    name,
  })
  return {
    client: { id: 'demo-app', secret: secretOf('demo-app') },
    publicClient: { id: 'demo-spa' },
    resourceServer: { id: 'demo-api', secret: secretOf('demo-api') },
    users: hasLocalPeople ? [user('john.doe', 'John Doe'), user('jane.black', 'Jane Black')] : [],
    secretOf,
  }
}

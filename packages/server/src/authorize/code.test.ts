import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../base/hash.ts'
import { openTestStore } from '../store/testing/databases.ts'
import { client, event, now, user } from '../store/testing/rows.ts'
import { issueCode } from './code.ts'
import type { Grantable } from './next-step.ts'
import type { AuthorizationRequest } from './request.ts'

const request = {
  client: { id: 'app' },
  redirectUri: 'https://app.example.com/callback',
  isRedirectUriSent: true,
  codeChallenge: undefined,
  audience: ['https://api.example.com', 'https://other.example.com'],
} as unknown as AuthorizationRequest

const grantable = { account: { id: 'john', epoch: 0 }, granted: 'read' } as Grantable

test('a code is kept as a hash, and says what was granted; after a sign-out everywhere there is none', async () => {
  await using at = await openTestStore('SQLite')
  const { store } = at
  await store.clients.add(client('app'), 'hash', event())
  await store.users.add(user('john'), event())
  const context = { store, clock: () => now, config: { authorizationCodeLifetimeSeconds: 60 } }
  const code = await issueCode(context, request, grantable)
  const codes = () => store.database.kysely.selectFrom('authorization_codes').selectAll().execute()
  assert.deepEqual(structuredClone(await codes()), [
    {
      code_hash: sha256(code ?? ''),
      client_id: 'app',
      user_id: 'john',
      redirect_uri: 'https://app.example.com/callback',
      is_redirect_uri_required: 1,
      scope: 'read',
      audience: 'https://api.example.com https://other.example.com',
      code_challenge: null,
      expires_at: now + 60,
      spent_at: null,
      connection_id: null,
    },
  ])
  await store.users.signOutEverywhere('john', event())
  assert.equal(await issueCode(context, request, grantable), undefined)
  assert.deepEqual(await codes(), [])
})

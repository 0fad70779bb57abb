import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignedInAccount } from '../store/sessions.ts'
import { findAccount, isFreshlySignedIn, type Presence } from './account.ts'
import type { Prompt } from './prompt.ts'
import type { AuthorizationRequest } from './request.ts'

const now = 1_800_000_000

const account = (id: string, change: Partial<SignedInAccount> = {}): SignedInAccount => ({
  id,
  username: `${id}.username`,
  name: id,
  scope: null,
  email: `${id}@example.com`,
  epoch: 0,
  signed_in_at: now - 100,
  ...change,
})

const john = account('john')
const jane = account('jane')

const presence = (accounts: SignedInAccount[], change: Partial<Presence> = {}): Presence => ({
  accounts,
  interaction: undefined,
  hasDemoAccounts: false,
  accountChooser: 'when_several',
  now,
  ...change,
})

interface Asked {
  prompts?: Prompt[]
  loginHint?: string
  maxAgeSeconds?: number
}

const request = ({ prompts = [], loginHint, maxAgeSeconds }: Asked = {}) =>
  ({ prompts: new Set(prompts), loginHint, maxAgeSeconds }) as unknown as AuthorizationRequest

const chosen = (who: SignedInAccount) => ({ kind: 'account', account: who })
const choose = { kind: 'choose_account' }

test('whoever is signed in alone is meant; of several the person chooses; nobody signs in', () => {
  assert.deepEqual(findAccount(request(), presence([john])), chosen(john))
  assert.deepEqual(findAccount(request(), presence([john, jane])), choose)
  assert.deepEqual(findAccount(request(), presence([])), { kind: 'sign_in', username: undefined })
})

test('where the owner or the app says so, even one account is chosen', () => {
  const always = { accountChooser: 'always' } as const
  assert.deepEqual(findAccount(request(), presence([john], always)), choose)
  assert.deepEqual(findAccount(request({ prompts: ['select_account'] }), presence([john])), choose)
  assert.deepEqual(findAccount(request(), presence([], always)).kind, 'sign_in')
  assert.deepEqual(findAccount(request(), presence([], { ...always, hasDemoAccounts: true })), choose)
  assert.deepEqual(findAccount(request(), presence([], { hasDemoAccounts: true })).kind, 'sign_in')
})

test('a choice is made once, and only among those who are signed in', () => {
  const choice = (accountId: string) => ({ interaction: { accountId, startedAt: now } })
  const asked = request({ prompts: ['select_account'] })
  assert.deepEqual(findAccount(asked, presence([john, jane], choice('jane'))), chosen(jane))
  assert.deepEqual(findAccount(asked, presence([john], choice('jane'))), choose)
})

test('login_hint picks the account of that username or address, else it fills the sign-in form', () => {
  for (const loginHint of ['jane.username', 'Jane@example.com'])
    assert.deepEqual(findAccount(request({ loginHint }), presence([john, jane])), chosen(jane))
  const unknown = request({ loginHint: 'someone' })
  assert.deepEqual(findAccount(unknown, presence([])), { kind: 'sign_in', username: 'someone' })
  assert.deepEqual(findAccount(unknown, presence([john])), choose)
  const asked = request({ loginHint: 'jane.username', prompts: ['select_account'] })
  assert.deepEqual(findAccount(asked, presence([john, jane])), choose)
  const without = account('none', { email: null })
  assert.deepEqual(findAccount(request(), presence([without, john])), choose)
})

test('a sign-in is fresh for as long as max_age says, and for prompt=login when it was for this request', () => {
  const isFresh = (asked: Asked, interaction?: Presence['interaction']) =>
    isFreshlySignedIn(request(asked), john, presence([john], { interaction }))
  assert.equal(isFresh({}), true)
  assert.deepEqual([isFresh({ maxAgeSeconds: 101 }), isFresh({ maxAgeSeconds: 100 })], [true, false])
  assert.equal(isFresh({ maxAgeSeconds: 0 }), false)
  assert.equal(isFresh({ prompts: ['login'] }), false)
  const began = (startedAt: number, accountId = 'john') => ({ startedAt, accountId })
  for (const asked of [{ prompts: ['login' as const] }, { maxAgeSeconds: 0 }]) {
    assert.equal(isFresh(asked, began(john.signed_in_at)), true)
    assert.equal(isFresh(asked, began(john.signed_in_at + 1)), false)
    assert.equal(isFresh(asked, began(john.signed_in_at, 'jane')), false)
  }
})

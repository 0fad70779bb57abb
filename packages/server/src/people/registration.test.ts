import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestStore } from '../store/testing/databases.ts'
import { verifyPassword } from './password.ts'
import {
  addUser,
  importedUserReader,
  minPasswordLength,
  nameProblem,
  PersonError,
  passwordProblem,
} from './registration.ts'

const password = 'a long enough password'
const scopes = ['read', 'write']
const clock = () => 1_800_000_000

test('a person is added with a hash of their password and an address in lower case', async () => {
  await using at = await openTestStore('SQLite')
  const registry = { store: at.store, clock, scopes }
  const person = {
    username: 'jane',
    name: ' Jane Black ',
    email: 'Jane@Example.com',
    scope: 'write  read',
    password,
  }
  const { id } = await addUser(registry, person, 'test')
  const user = await at.store.users.find(id)
  assert.ok(user)
  const { username, name, email, scope, created_at } = user
  assert.deepEqual(
    { username, name, email, scope, created_at },
    {
      username: 'jane',
      name: 'Jane Black',
      email: 'jane@example.com',
      scope: 'write read',
      created_at: clock(),
    },
  )
  assert.equal(await verifyPassword(password, user.password_hash), true)
  const [event] = await at.store.auditEvents.list(1)
  assert.deepEqual([event?.actor, event?.action, event?.subject], ['test', 'user.added', `user:${id}`])
  await assert.rejects(addUser(registry, { username: 'jane', password }, 'test'), PersonError)
  await assert.rejects(
    addUser(registry, { username: 'x', email: 'jane@EXAMPLE.com', password }, 'test'),
    PersonError,
  )
  const least = await addUser(registry, { username: 'john', password }, 'test')
  assert.deepEqual([least.name, least.email, least.scope], ['john', null, null])
})

test('what cannot stand is refused in words, and nobody is added', async () => {
  await using at = await openTestStore('SQLite')
  const refused: [change: Record<string, unknown>, words: RegExp][] = [
    [{ username: '' }, /a username has 1 to 200/],
    [{ username: ' jane' }, /no space around it/],
    [{ username: 'ja\nne' }, /no unseen character/],
    [{ username: 'ja\0ne' }, /no unseen character/],
    [{ username: 'x'.repeat(201) }, /1 to 200/],
    [{ username: 'external:jane' }, /does not begin with `external:`/],
    [{ name: ' ' }, /a name has 1 to/],
    [{ name: 'Jane\u0007Black' }, /unseen/],
    [{ name: 'Jane \u202ekcalB' }, /unseen/],
    [{ email: 'jane' }, /an email address/],
    [{ email: `jane@${'x'.repeat(250)}.com` }, /254/],
    [{ scope: 'read wirte' }, /no scope `wirte`\. Did you mean `write`\?/],
    [{ password: 'short' }, /at least/],
    [{ password: 'password' }, /guessed first/],
    [{ admin: true }, /Unknown option `admin`/],
  ]
  for (const [change, words] of refused) {
    const person = { username: 'jane', password, ...change }
    await assert.rejects(addUser({ store: at.store, clock, scopes }, person, 'test'), (error) => {
      assert.ok(error instanceof PersonError)
      assert.match(error.message, words)
      return true
    })
  }
  assert.deepEqual(await at.store.users.list(10), [])
})

test('a password is judged by its length, and by who would guess it', () => {
  const problems = (...passwords: string[]) =>
    passwords.map((each) => passwordProblem(each, 'Jane.Black@example.com'))
  assert.deepEqual(problems('x'.repeat(minPasswordLength - 1), '🔑'.repeat(minPasswordLength - 1)), [
    'too_short',
    'too_short',
  ])
  assert.deepEqual(problems('x'.repeat(1025)), ['too_long'])
  assert.deepEqual(
    problems('Password123', 'QWERTYUIOP', 'jane.black@example.com', 'JANE.BLACK'),
    new Array(4).fill('too_common'),
  )
  assert.deepEqual(
    problems('lowercaseonly', '        ', 'x y z x y z', 'ж'.repeat(8), 'x'.repeat(1024)),
    new Array(5).fill(undefined),
  )
})

test('a name needs something to show, of a length that can be shown', () => {
  assert.deepEqual([' ', '\u0007', 'x'.repeat(201), ' Jane '].map(nameProblem), [
    'missing',
    'missing',
    'too_long',
    undefined,
  ])
})

test('a person from another system keeps their id and hash, and a hash that is not taken is refused', () => {
  const read = importedUserReader(scopes)
  const hash = '$2b$06$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.'
  const user = read({ id: 'u-1', username: 'jane', name: 'Jane Black', password_hash: hash }, clock())
  assert.deepEqual([user.id, user.password_hash, user.scope], ['u-1', hash, null])
  assert.throws(
    () => read({ username: 'jane', password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' }, clock()),
    /form is not known/,
  )
  assert.throws(
    () => read({ username: 'jane', password_hash: hash.replace('06', '31') }, clock()),
    /costs more/,
  )
  assert.throws(() => read({ username: 'jane', password_hash: '' }, clock()), PersonError)
  assert.throws(() => read('jane', clock()), PersonError)
})

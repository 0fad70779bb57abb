import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { maxImportedUsers } from '../../packages/server/src/cli/user-import.ts'
import { createPeople } from '../../packages/server/src/people/create-people.ts'
import { openDatabase } from '../../packages/server/src/store/open.ts'
import { createStore, type Store } from '../../packages/server/src/store/store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { assertRefused, latchkey, type RunOptions, succeeded } from './support.ts'

after(stopOwnPostgres)

const password = 'correct horse battery'
/** Of this password, made by other programs. */
const bcrypt = '$2y$06$5Jtu8fg4lJqkamcTH.SWOuD2V//ZHdxG8Vh2S0EnNpNTlTCsFBiNa'
const django = 'pbkdf2_sha256$60000$kx3wYh0Vs2vB$pOvBek4eiLm59YdhnIjatYsNHsAqQOQDA06hsa4laEs='

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  test(`people are added, listed, changed and disabled, and sign in accordingly: ${kind}`, async () => {
    await using setup = await prepare(kind)
    const created = await setup.run(
      'user',
      'create',
      'jane',
      '--name',
      'Jane Black',
      '--email',
      'Jane@example.com',
      '--scope',
      'read',
    )
    const made = /^id +\S+\npassword +(\S{24})\nKeep the password now: .*\n$/.exec(created.stdout)?.[1]
    assert.ok(made, created.stdout)
    assert.equal(await setup.kindOf('jane', made), 'signed_in')
    const john = await setup.attemptWith(`${password}\n`, 'user', 'create', 'john', '--password-stdin')
    assert.match(succeeded(john).stdout, /^id +\S+\n$/)
    assert.equal(await setup.kindOf('john', password), 'signed_in')
    assert.equal(
      (await setup.run('user', 'list')).stdout,
      'jane\tactive\tread\tjane@example.com\tJane Black\njohn\tactive\t(all scopes)\t\tjohn\n',
    )

    const changed = (await setup.run('user', 'set-password', 'jane')).stdout
    const next = /password +(\S{24})\n/.exec(changed)?.[1] ?? ''
    assert.match(changed, /jane is signed out everywhere/)
    assert.deepEqual(
      [await setup.kindOf('jane', made), await setup.kindOf('jane', next)],
      ['refused', 'signed_in'],
    )
    succeeded(await setup.attemptWith(password, 'user', 'set-password', 'jane', '--password-stdin'))
    assert.equal(await setup.kindOf('jane', password), 'signed_in')

    const before = await setup.user('john')
    await setup.run('user', 'set-scopes', 'john', 'write read')
    assert.equal((await setup.user('john')).scope, 'write read')
    await setup.run('user', 'set-scopes', 'john', '--all')
    assert.equal((await setup.user('john')).scope, null)
    const { epoch } = await setup.user('john')
    assert.ok(epoch > before.epoch)
    assert.match((await setup.run('user', 'sign-out', 'john')).stdout, /signed out everywhere/)
    assert.equal((await setup.user('john')).epoch, epoch + 1)

    await setup.run('user', 'disable', 'john')
    assert.equal(await setup.kindOf('john', password), 'refused')
    assert.match((await setup.run('user', 'list')).stdout, /^john\tdisabled\t/m)
    for (const words of [['disable'], ['sign-out'], ['set-password'], ['set-scopes', '--all']])
      assertRefused(
        await setup.attempt('user', ...words, 'john'),
        /no active person with the username john\. `latchkey user list`/,
      )

    assert.match((await setup.run('user', 'enable', 'john')).stdout, /^john may sign in again/)
    assert.equal(await setup.kindOf('john', password), 'signed_in')
    assert.equal((await setup.user('john')).epoch, epoch + 2)
    for (const name of ['john', 'nobody'])
      assertRefused(await setup.attempt('user', 'enable', name), /no disabled person with the username/)
  })

  test(`people are imported with their passwords, all of a file or none: ${kind}`, async () => {
    await using setup = await prepare(kind)
    const jane = {
      id: 'u-1',
      username: 'jane',
      name: 'Jane Black',
      email: 'Jane@example.com',
      scope: 'read',
      password_hash: bcrypt,
    }
    const john = { username: 'john', name: 'John Doe', password_hash: django }
    assert.equal((await setup.import([jane, '', john])).stdout, '2 people imported.\n')
    assert.deepEqual(
      [await setup.kindOf('jane', password), await setup.kindOf('john', password)],
      ['signed_in', 'signed_in'],
    )
    assert.deepEqual(
      [(await setup.user('jane')).id, (await setup.user('jane')).email],
      ['u-1', 'jane@example.com'],
    )

    const again = await setup.attemptImport([{ ...john, username: 'another' }, jane])
    assertRefused(again, /Nothing is imported\. Line 2: its id, username or email address is taken/)
    assert.equal((await setup.run('user', 'list')).stdout.split('\n').length, 3)
  })
}

test('every line that cannot be taken is named with what to mend, and nobody is imported', async () => {
  await using setup = await prepare('SQLite')
  const good = { username: 'jane', name: 'Jane Black', password_hash: bcrypt }
  const { code, stdout, stderr } = await setup.attemptImport([
    good,
    '{"username": "john"',
    { ...good, username: 'b', password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' },
    { ...good, username: 'c', password_hash: bcrypt.replace('06', '31') },
    { ...good, username: 'd', scope: 'wirte' },
    { ...good, username: 'e', passwordhash: 'x' },
    { ...good, name: 'Another' },
    { username: 'f', name: 'F' },
    `{"username": "${'x'.repeat(9000)}"}`,
    { ...good, username: 'g', '\u001b[2J\u009b2J\nlatchkey: all is well': 1 },
  ])
  assert.deepEqual([code, stdout], [1, ''])
  const lines = stderr.trimEnd().split('\n')
  const expected = [
    /^latchkey: line 2: It is no JSON\./,
    /^latchkey: line 3: password_hash: its form is not known: argon2id, bcrypt/,
    /^latchkey: line 4: password_hash: it costs more to check than is taken: a cost of 14 at most/,
    /^latchkey: line 5: scope: the config has no scope `wirte`\. Did you mean `write`\?$/,
    /^latchkey: line 6: Unknown option `passwordhash`\. Did you mean `password_hash`\?$/,
    /^latchkey: line 7: Line 1 has the same username\./,
    /^latchkey: line 8: password_hash: /,
    /^latchkey: line 9: It is longer than/,
    /^latchkey: line 10: Unknown option ` \[2J 2J latchkey: all is well`[^\p{Cc}]*$/u,
    /^latchkey: Nothing is imported\. 9 lines to mend\.$/,
  ]
  assert.equal(lines.length, expected.length, stderr)
  for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern)
  assert.ok(!stderr.includes('5f4dcc3b'))
  assert.equal((await setup.run('user', 'list')).stdout, '')
})

test('a file of more people than one transaction takes is refused, and so is one that is not there', async () => {
  await using setup = await prepare('SQLite')
  const many = Array.from({ length: maxImportedUsers + 1 }, (_, index) => ({
    username: `u${index}`,
    password_hash: bcrypt,
  }))
  assertRefused(await setup.attemptImport(many), /more than \d+ people\. Split it\./)
  assertRefused(await setup.attempt('user', 'import', 'nowhere.jsonl'), /There is no file nowhere\.jsonl\./)
  assertRefused(await setup.attempt('user', 'import', '.'), /\. cannot be read: EISDIR/)
  assert.equal((await setup.run('user', 'list')).stdout, '')
})

test('what cannot stand is refused in one line, and nobody is added', async () => {
  await using setup = await prepare('SQLite')
  const create = (input: string, ...words: string[]) => setup.attemptWith(input, 'user', 'create', ...words)
  assertRefused(await create('short', 'jane', '--password-stdin'), /at least/)
  assertRefused(await create('password123', 'jane', '--password-stdin'), /guessed first/)
  assertRefused(await create('', 'jane', '--password-stdin'), /at least/)
  assertRefused(await create('', 'external:jane'), /does not begin with `external:`/)
  assertRefused(await create('', 'jane', '--email', 'nowhere'), /write an email address/)
  assertRefused(await create('', 'jane', '--scope', 'wirte'), /no scope `wirte`\. Did you mean `write`\?/)
  assertRefused(await create('', 'jane', '--password', password), /unknown option '--password'/)
  await setup.run('user', 'create', 'jane')
  assertRefused(await create('', 'jane'), /There is a person with this username or email address already/)
  assertRefused(await setup.attempt('user', 'set-scopes', 'jane'), /Name the scopes in quotes/)
  assertRefused(
    await setup.attempt('user', 'set-scopes', 'jane', 'read', '--all'),
    /Name the scopes in quotes/,
  )
  assertRefused(await setup.attempt('user', 'set-scopes', 'jane', 'wirte'), /no scope `wirte`/)
  assert.equal((await setup.run('user', 'list')).stdout, 'jane\tactive\t(all scopes)\t\tjane\n')
})

test('where another system knows who people are, it is not done here', async () => {
  await using setup = await prepare('SQLite', { people: { url: 'https://people.example.com/verify' } })
  for (const words of [
    ['create', 'jane'],
    ['import', 'users.jsonl'],
  ])
    assertRefused(await setup.attempt('user', ...words), /another system knows who people are/)
  const person = { id: '42', name: 'Jane Black', email: null, scope: null, login: 'jane' }
  const event = { at: systemClock(), actor: 'test', action: 'user.added', subject: 'user:42' }
  await setup.withStore((store) => store.users.recordExternal(person, event))
  for (const words of [['set-password'], ['set-scopes', '--all']])
    assertRefused(await setup.attempt('user', ...words, 'external:42'), /another system knows who people are/)
  await setup.run('user', 'sign-out', 'external:42')
  await setup.run('user', 'disable', 'external:42')
  assert.match((await setup.run('user', 'list')).stdout, /^external:42\tdisabled\t/)
})

/** A folder with a configuration, over a new database with its tables. */
async function prepare(kind: 'SQLite' | 'PostgreSQL', change: Record<string, unknown> = {}) {
  const folder = temporaryFolder()
  const database = kind === 'PostgreSQL' ? await temporaryDatabase() : undefined
  const url = database?.url ?? `sqlite:${folder.file('latchkey.db')}`
  const config = {
    issuer: 'http://127.0.0.1:3999',
    audience: 'https://api.example.com',
    database: url,
    scopes: { read: 'Read', write: 'Write' },
    ...change,
  }
  writeFileSync(folder.file('latchkey.config.json'), JSON.stringify(config))
  const env = { PEOPLE_SECRET: 'what this system and the other one know' }
  const options: RunOptions = { cwd: folder.path, env }
  const attempt = (...words: string[]) => latchkey(words, options)
  const run = async (...words: string[]) => succeeded(await attempt(...words))
  await run('migrate')
  const withStore = async <Result>(work: (store: Store) => Promise<Result>): Promise<Result> => {
    const opened = await openDatabase(url)
    try {
      const store = createStore(opened)
      await store.revocations.initialize(3600)
      return await work(store)
    } finally {
      await opened.close()
    }
  }
  const attemptImport = (lines: (string | object)[]) => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
    writeFileSync(folder.file('users.jsonl'), text)
    return attempt('user', 'import', 'users.jsonl')
  }
  return {
    attempt,
    run,
    withStore,
    attemptImport,
    import: async (lines: (string | object)[]) => succeeded(await attemptImport(lines)),
    attemptWith: (input: string, ...words: string[]) => latchkey(words, { ...options, input }),
    user: async (username: string) => {
      const user = await withStore((store) => store.users.findByUsername(username))
      assert.ok(user)
      return user
    },
    kindOf: (username: string, given: string) =>
      withStore(async (store) => {
        const local = { people: undefined, peopleSecret: undefined }
        const people = createPeople({ config: local, clock: systemClock, store })
        return (await people.signIn({ username, password: given, address: '' })).kind
      }),
    async [Symbol.asyncDispose]() {
      await database?.[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

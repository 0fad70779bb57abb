import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { startDev } from '../support/dev.ts'
import { temporaryFolder } from '../support/folder.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { asOrdinaryUser, assertRefused, latchkey, succeeded } from './support.ts'

after(stopOwnPostgres)

const refusals: Record<string, [words: string[], answer: RegExp]> = {
  'an unknown dialect gets the nearest name': [
    ['dev', '--port', '0', '--dialect', 'makeleep'],
    /`makeleep`\. Did you mean `makeleaps`\?/,
  ],
  'a port that is no number': [['dev', '--port', 'abc'], /--port abc is not a port\. Give a number/],
  'a port that is too great': [['dev', '--port', '65536'], /--port 65536 is not a port/],
  'an unknown command gets the nearest name': [['serv'], /unknown command 'serv'\. Did you mean serve\?/],
  'an unknown command of a group gets the nearest name': [
    ['app', 'lst'],
    /unknown command 'lst'\. Did you mean list\?/,
  ],
  'an unknown flag gets the nearest name': [
    ['dev', '--prot', '1'],
    /unknown option '--prot'\. Did you mean --port\?/,
  ],
  'a word too many': [['dev', 'standard'], /too many arguments for 'dev'.*See `latchkey dev --help`/],
  'an app without a name': [
    ['app', 'create'],
    /missing required argument 'name'\. See `latchkey app create --help`\.$/m,
  ],
  'an unknown type of app': [
    ['app', 'create', 'App', '--type', 'secret'],
    /'secret' is invalid\. Allowed choices are confidential, public, resource_server/,
  ],
  'no configuration in this folder': [
    ['serve'],
    /There is no latchkey\.config\.ts .* in this folder\. Write one/,
  ],
  'a configuration file that is not there': [
    ['migrate', '--config', 'other.json'],
    /There is no file other\.json, which --config names/,
  ],
  'a database that is a path and no URL': [
    ['dev', '--port', '0', '--database', 'data/my.db'],
    /Did you mean `sqlite:data\/my\.db`\?/,
  ],
  'a database of another kind, without its password': [
    ['dev', '--port', '0', '--database', 'mysql://root:hunter2@db/x'],
    /^latchkey: The database is a mysql: URL, but must be sqlite:path or postgres:\/\/…\n$/,
  ],
  'PostgreSQL that does not answer': [
    ['dev', '--port', '0', '--database', 'postgres://u:hunter2@127.0.0.1:1/x'],
    /^(?!.*hunter2).*PostgreSQL cannot be reached: connect ECONNREFUSED/,
  ],
  'PostgreSQL whose host is not known': [
    // A name that cannot be one: nobody is asked for it, so no answer of theirs can be late.
    ['dev', '--port', '0', '--database', `postgres://u@${'x'.repeat(64)}.nowhere.invalid/x`],
    /PostgreSQL cannot be reached: .*nowhere\.invalid/,
  ],
}

for (const [what, [words, answer]] of Object.entries(refusals)) {
  test(`refused in one line: ${what}`, async () => {
    using folder = temporaryFolder()
    assertRefused(await latchkey(words, { cwd: folder.path }), answer)
  })
}

test('refused in one line: a port in use, and what listens there is not disturbed', async () => {
  using folder = temporaryFolder()
  const server = createServer((socket) => socket.end('mine')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    const outcome = await latchkey(['dev', '--port', String(port)], { cwd: folder.path })
    assertRefused(outcome, new RegExp(`Port ${port} is in use\\. Stop what listens there, or choose another`))
    const words = ['dev', '--port', String(port), '--dialect', 'makeleep']
    assertRefused(await latchkey(words, { cwd: folder.path }), /Did you mean `makeleaps`/)
  } finally {
    server.close()
  }
})

test('refused in one line: a file that is no database, and the file stays as it was', async () => {
  using folder = temporaryFolder()
  const bytes = Buffer.alloc(8192, 'not a database ')
  writeFileSync(folder.file('notes.txt'), bytes)
  const outcome = await latchkey(['dev', '--port', '0', '--database', 'sqlite:notes.txt'], {
    cwd: folder.path,
  })
  assertRefused(outcome, /The database .*notes\.txt cannot be opened: file is not a database/)
  assert.deepEqual(readFileSync(folder.file('notes.txt')), bytes)
})

test('refused in one line: a database that is a folder, and one whose folder is a file', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('folder.db'))
  writeFileSync(folder.file('file'), '')
  const dev = (path: string, env = {}) =>
    latchkey(['dev', '--port', '0', '--database', `sqlite:${path}`], { cwd: folder.path, env })
  assertRefused(await dev('folder.db'), /The database .*folder\.db cannot be opened/)
  assertRefused(await dev('file/latchkey.db'), /The database .*latchkey\.db cannot be opened/)
  const withoutSecret = await dev('file/latchkey.db', { LATCHKEY_SECRET: undefined })
  assertRefused(withoutSecret, /The folder of the database cannot be written: (ENOTDIR|EEXIST)/)
})

test('refused in one line: a folder in a file system that takes none', async () => {
  using folder = temporaryFolder()
  // Where there is no /proc, it is a file that stands in the way.
  const root = existsSync('/proc/self') ? '/proc' : folder.file('file')
  if (root !== '/proc') writeFileSync(root, '')
  const words = ['dev', '--port', '0', '--database', `sqlite:${root}/latchkey/latchkey.db`]
  assertRefused(await latchkey(words, { cwd: folder.path }), /The database .*latchkey\.db cannot be opened/)
})

test('refused in one line: a folder that may not be written, and a file that may not be read', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('kept'))
  writeFileSync(folder.file('kept/latchkey.db'), '')
  chmodSync(folder.file('kept/latchkey.db'), process.getuid?.() === 0 ? 0o600 : 0)
  chmodSync(folder.file('kept'), 0o555)
  chmodSync(folder.path, 0o755)
  const cwd = folder.file('kept')
  const dev = (...words: string[]) => latchkey(['dev', '--port', '0', ...words], { cwd, ...asOrdinaryUser })
  assertRefused(await dev('--database', 'sqlite:latchkey.db'), /The database .* cannot be opened/)
  assertRefused(await dev('--database', 'sqlite:other.db'), /The database .* cannot be opened/)
  const withoutSecret = await latchkey(['dev', '--port', '0'], {
    cwd,
    ...asOrdinaryUser,
    env: { LATCHKEY_SECRET: undefined },
  })
  assertRefused(withoutSecret, /The folder of the database cannot be written: EACCES/)
  chmodSync(folder.file('kept'), 0o755)
})

test('refused in one line: a second server on the same SQLite file, and the first goes on', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.file('latchkey.db')}`
  await using dev = await startDev({ database })
  const outcome = await latchkey(['dev', '--port', '0', '--database', database], { cwd: folder.path })
  assertRefused(outcome, /Another Latchkey server uses .*latchkey\.db\. Stop it first/)
  assert.equal((await fetch(`${dev.description.issuer}/readyz`)).status, 200)
})

const sound = {
  issuer: 'http://127.0.0.1:3999',
  audience: 'https://api.example.com',
  database: 'sqlite:a.db',
}
const configs: Record<string, [config: object, answer: RegExp, env?: Record<string, string | undefined>]> = {
  'no secret': [sound, /LATCHKEY_SECRET is not set.*openssl rand/, { LATCHKEY_SECRET: undefined }],
  'a short secret': [sound, /LATCHKEY_SECRET is shorter than 32/, { LATCHKEY_SECRET: 'short' }],
  'an http issuer that is not on loopback': [
    { ...sound, issuer: 'http://auth.example.com' },
    /is not https.*Put TLS in front/,
  ],
  'no issuer': [{ audience: sound.audience }, /issuer: it is missing; write a text\./],
  'a value of another kind': [{ ...sound, signUp: 'no' }, /signUp: write true or false\.$/m],
  'an unknown option gets the nearest name': [
    { ...sound, accesTokenLifetime: '1h' },
    /Unknown option `accesTokenLifetime`\. Did you mean `accessTokenLifetime`\?/,
  ],
  'a lifetime without its unit': [
    { ...sound, accessTokenLifetime: '3600' },
    /accessTokenLifetime: .*its unit/,
  ],
  'a database that lacks migrations': [sound, /The database lacks .*Run `latchkey migrate`/],
}

for (const [what, [config, answer, env = {}]] of Object.entries(configs)) {
  test(`serve refuses in one line: ${what}`, async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('latchkey.config.json'), JSON.stringify(config))
    assertRefused(await latchkey(['serve'], { cwd: folder.path, env }), answer)
  })
}

test('refused in one line: a configuration that cannot be read', async () => {
  using folder = temporaryFolder()
  const refuse = async (file: string, text: string, answer: RegExp) => {
    writeFileSync(folder.file(file), text)
    assertRefused(await latchkey(['serve', '--config', file], { cwd: folder.path }), answer)
  }
  await refuse('broken.json', '{"issuer":', /broken\.json cannot be read: Unexpected end of JSON/)
  await refuse('broken.ts', 'export default {', /broken\.ts cannot be read/)
  await refuse('empty.ts', 'export const x = 1', /empty\.ts has no default export\. Write `export default/)
  await refuse(
    'lost.ts',
    "import './gone.ts'\nexport default {}",
    /lost\.ts cannot be read: Cannot find module/,
  )
})

test('a configuration that is an ES module in a CommonJS folder: one line says how to name it, and so named it is read', async () => {
  using folder = temporaryFolder()
  const text = `export default ${JSON.stringify(sound)}`
  writeFileSync(folder.file('package.json'), '{"type":"commonjs"}')
  for (const file of ['latchkey.config.ts', 'latchkey.config.js']) {
    writeFileSync(folder.file(file), text)
    const outcome = await latchkey(['migrate'], { cwd: folder.path })
    assertRefused(outcome, /is an ES module, .*Name it latchkey\.config\.mts/)
    rmSync(folder.file(file))
  }
  writeFileSync(folder.file('latchkey.config.mts'), text)
  assert.match(succeeded(await latchkey(['migrate'], { cwd: folder.path })).stdout, /^Migrated/)
})

test('a configuration without a package.json beside it is read without a word', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('latchkey.config.ts'), `export default ${JSON.stringify(sound)}`)
  assert.match(succeeded(await latchkey(['migrate'], { cwd: folder.path })).stdout, /^Migrated/)
})

test('refused in one line, by every command: PostgreSQL with another password, or without the database', async () => {
  using folder = temporaryFolder()
  await using database = await temporaryDatabase()
  const wrong = {
    'password authentication failed': Object.assign(new URL(database.url), { password: 'hunter2' }),
    'database "nowhere" does not exist': Object.assign(new URL(database.url), { pathname: '/nowhere' }),
  }
  for (const [words, { href }] of Object.entries(wrong)) {
    writeFileSync(folder.file('latchkey.config.json'), JSON.stringify({ ...sound, database: href }))
    for (const command of [
      ['dev', '--port', '0', '--database', href],
      ['serve'],
      ['migrate'],
      ['app', 'list'],
    ])
      assertRefused(
        await latchkey(command, { cwd: folder.path }),
        new RegExp(`PostgreSQL cannot be reached: ${words}`),
      )
  }
})

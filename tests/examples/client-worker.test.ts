import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { startDev } from '../support/dev.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryFolder } from '../support/folder.ts'
import { stopOwnPostgres, temporaryDatabase } from '../support/postgres.ts'
import { connect, type Example, environmentOf, startExample } from './support.ts'

after(stopOwnPostgres)

/** Lives so long that it is renewed again and again while the test looks on. */
const accessTokenLifetime = '2s'

/** Waits for it as long as nobody has ended before their time. */
const whileAllRun = (workers: readonly Example[], isSo: () => boolean): Promise<void> =>
  eventually(() => {
    for (const { process, stderr } of workers) assert.equal(process.exitCode, null, stderr())
    return isSo()
  })

const lines = (workers: readonly Example[]): string[] =>
  workers.flatMap((worker) => worker.stdout().split('\n').filter(Boolean))

const count = (workers: readonly Example[], word: string): number =>
  lines(workers).filter((line) => line.includes(word)).length

test('five workers share one connection that rotates, and outlive the one that is killed', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('config.json'), JSON.stringify({ accessTokenLifetime }))
  await using dev = await startDev({ args: ['--config', folder.file('config.json')] })
  await using database = await temporaryDatabase()
  const env = {
    ...environmentOf(dev),
    LATCHKEY_REFRESH_TOKEN: await connect(dev),
    DATABASE_URL: database.url,
    EVERY_MS: '50',
  }
  const workers = Array.from({ length: 5 }, () => startExample('client-worker.ts', env))
  try {
    const [killed, ...others] = workers
    await whileAllRun(workers, () => workers.every((worker) => count([worker], ' 200 ') > 0))
    await whileAllRun(workers, () => count(workers, 'refresh_token') >= 2)
    // Killed while tokens are renewed: whatever it held is free.
    await killed?.end('SIGKILL')
    const before = count(others, 'refresh_token')
    await whileAllRun(others, () => count(others, 'refresh_token') >= before + 2)
    assert.deepEqual(
      lines(workers).filter((line) => !/^\d+ (200 |renewed: )/.test(line)),
      [],
    )
    // Each renewal was asked for by one of them, and taken over by the others.
    await whileAllRun(others, () => count(others, 'by another process') > count(others, 'refresh_token'))
    assert.deepEqual(await Promise.all(others.map((worker) => worker.end())), [0, 0, 0, 0])
    assert.deepEqual(
      others.map((worker) => worker.stderr()),
      ['', '', '', ''],
    )
  } finally {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
  }
})

test('a worker whose connection is over says so and ends', async () => {
  await using dev = await startDev()
  await using database = await temporaryDatabase()
  await using worker = startExample('client-worker.ts', {
    ...environmentOf(dev),
    LATCHKEY_REFRESH_TOKEN: 'of-no-connection',
    DATABASE_URL: database.url,
  })
  assert.equal(await worker.exited(), 1)
  assert.match(worker.stdout(), /not renewed: connection_ended, waiting\n\d+ failed: .*connection ended/)
  assert.doesNotMatch(worker.stdout(), /of-no-connection/)
})

import { openSqlStores } from '../../examples/sql-store.ts'

/* Takes the lock of a key, says so, and holds it until it is ended. */
const { store } = await openSqlStores(process.env.DATABASE_URL ?? '')
await store('shared').lock?.(async () => {
  process.stdout.write('held\n')
  await new Promise(() => setInterval(() => {}, 60_000))
})

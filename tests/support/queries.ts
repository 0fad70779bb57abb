import { StatementSync } from 'node:sqlite'

/** The statements that SQLite runs meanwhile, in order, but for those by which the watch looks at the feed's head. */
export async function queriesOf(work: () => Promise<unknown>): Promise<string[]> {
  const queries: string[] = []
  const originals = { all: StatementSync.prototype.all, run: StatementSync.prototype.run }
  const noted = (name: 'all' | 'run') =>
    function (this: StatementSync, ...parameters: unknown[]) {
      if (!/from "feed_head"/.test(this.sourceSQL)) queries.push(this.sourceSQL)
      return Reflect.apply(originals[name], this, parameters)
    }
  Object.assign(StatementSync.prototype, { all: noted('all'), run: noted('run') })
  try {
    await work()
  } finally {
    Object.assign(StatementSync.prototype, originals)
  }
  return queries
}

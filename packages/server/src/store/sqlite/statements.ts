import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** How many prepared statements one connection keeps. Latchkey has fewer distinct queries than this. */
const maxStatements = 256

interface Prepared {
  statement: StatementSync
  /** Whether it gives rows. */
  isReader: boolean
}

/** Prepares each text once for a connection. */
export function createStatements(connection: DatabaseSync) {
  const prepared = new Map<string, Prepared>()
  return {
    prepare(sql: string): Prepared {
      const known = prepared.get(sql)
      if (known) return known
      const statement = connection.prepare(sql)
      const entry = { statement, isReader: statement.columns().length > 0 }
      if (prepared.size >= maxStatements) prepared.clear()
      prepared.set(sql, entry)
      return entry
    },
  }
}

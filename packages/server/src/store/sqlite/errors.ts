import { StoreUnavailable } from '../database.ts'

/** SQLITE_BUSY (5) and SQLITE_LOCKED (6), whatever their extended code. */
export function isBusy(error: unknown): boolean {
  if (!isDatabaseError(error)) return false
  const primaryCode = error.errcode & 0xff
  return primaryCode === 5 || primaryCode === 6
}

/** What SQLite refused, as the store says it; any other error as it is. */
export const asUnavailable = (error: unknown): unknown =>
  isDatabaseError(error)
    ? new StoreUnavailable(`The database file failed: ${error.message}.`, { cause: error })
    : error

/** An error of SQLite itself; `errcode` is its extended result code (sqlite.org/rescode.html). */
function isDatabaseError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error
}

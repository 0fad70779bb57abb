/** Says what is wrong with a command, and how to mend it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

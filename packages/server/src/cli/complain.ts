/** One line on standard error. Files and servers have a part in some, and terminals obey control characters. */
export function complain(message: string): void {
  process.stderr.write(`latchkey: ${message.replace(/\p{Cc}/gu, ' ')}\n`)
}

import type { DialectInput } from './dialect.ts'

/** RFC 6749 and its companions as they are written. Every other dialect is told by how it differs. */
export const standard: DialectInput = {
  name: 'standard',
}

import type { DialectInput } from './dialect.ts'

/** Client credentials; the token is an HS256 JWT and goes into `Authorization` with or without `Bearer`. */
export const realtyna: DialectInput = {
  name: 'realtyna',
  api: [{ prefix: '/api', credentials: [{ scheme: 'Bearer' }, { bare: true }] }],
  grants: ['client_credentials'],
  policy: {
    signingAlgorithm: 'HS256',
    scopes: { read: 'Read listings', write: 'Change listings' },
  },
}

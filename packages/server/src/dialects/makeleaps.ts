import type { DialectInput } from './dialect.ts'

/** Client credentials at a path with a slash at its end, which the page's prose also spells `oath2`. */
export const makeleaps: DialectInput = {
  name: 'makeleaps',
  routes: [
    {
      kind: 'token',
      method: 'POST',
      paths: ['/user/oauth2/token/', '/user/oauth2/token', '/user/oath2/token/', '/user/oath2/token'],
      request: { from: ['form', 'json'] },
    },
  ],
  grants: ['client_credentials'],
  policy: {
    accessTokenLifetime: '10h',
    scopes: { read: 'Read your data', write: 'Change your data' },
  },
}

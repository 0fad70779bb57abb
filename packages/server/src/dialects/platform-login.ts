import type { DialectInput } from './dialect.ts'

/** A person's own username and password for an opaque token, without a client id: the app is the platform itself. */
export const platformLogin: DialectInput = {
  name: 'platform-login',
  routes: [
    {
      kind: 'token',
      method: 'POST',
      paths: ['/authorization'],
      request: {
        from: ['form', 'json'],
        defaults: { grant_type: 'password', client_id: 'platform' },
      },
      answer: { token_type: 'token_type', access_token: 'access_token', expires_in: 'expires_in' },
    },
  ],
  grants: ['password'],
  policy: { accessTokenFormat: 'opaque', passwordGrant: true },
}

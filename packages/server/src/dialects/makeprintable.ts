import type { DialectInput } from './dialect.ts'

/** An authorization code, asked for by `response_type=authorization_code`; and API keys in the header `key`. */
export const makeprintable: DialectInput = {
  name: 'makeprintable',
  routes: [
    {
      kind: 'authorization',
      method: 'GET',
      paths: ['/authorize'],
      request: { values: { response_type: { authorization_code: 'code' } } },
    },
    { kind: 'token', method: 'POST', paths: ['/v1/token'] },
  ],
  api: [{ prefix: '/api', credentials: [{ scheme: 'Bearer' }, { header: 'key' }] }],
  grants: ['authorization_code'],
  policy: {
    authorizationCodeLifetime: '3m',
    pkce: 'optional',
    scopes: {
      add_file: { en: 'Add 3D files for you', ja: 'あなたに代わって3Dファイルを追加する' },
      fix: { en: 'Ask for repairs of 3D files for you', ja: 'あなたに代わって3Dファイルの修復を依頼する' },
    },
  },
}

import type { DialectInput } from './dialect.ts'

type Route = NonNullable<DialectInput['routes']>[number]

const bodies = ['form', 'json'] as const

/** Lifetimes are in minutes; the page spells the first in two ways. */
const tokens = {
  access_token: 'access_token',
  expires_in: { lifetime: 'expires_in', unit: 'minutes' },
  'expires-in': { lifetime: 'expires_in', unit: 'minutes' },
  refresh_token: 'refresh_token',
  refresh_expires_in: { lifetime: 'refresh_expires_in', unit: 'minutes' },
} as const satisfies Route['answer']

/** The API knows no status but 400, 404 and 501. */
const error = {
  body: { error: { message: '{error_description}', code: '{status}' } },
  statuses: {
    invalid_request: 400,
    invalid_client: 400,
    access_denied: 400,
    unsupported_grant_type: 501,
    method_not_allowed: 404,
  },
  messages: { unsupported_grant_type: 'Grant type not supported.' },
} satisfies Route['error']

/**
 * An authorization code for the one connection of a person (version 2), a person's password (version 3), and API keys
 * (version 1). What ends a connection may be either of its tokens.
 */
export const makeAcademy: DialectInput = {
  name: 'make-academy',
  routes: [
    {
      kind: 'authorization',
      method: 'GET',
      paths: ['/api/v2/authorize'],
      redirectErrors: { 'error.message': '{error_description}' },
    },
    {
      kind: 'token',
      method: 'POST',
      paths: ['/api/v2/token'],
      request: { from: [...bodies] },
      answer: { token_type: 'token_type', ...tokens, scope: 'scope' },
      error,
    },
    {
      kind: 'refresh',
      method: 'POST',
      paths: ['/api/v2/refresh'],
      request: { from: [...bodies] },
      answer: { token_type: 'token_type', ...tokens, scope: 'scope' },
      error,
    },
    {
      kind: 'invalidate',
      method: 'POST',
      paths: ['/api/v2/invalidate'],
      request: { from: [...bodies] },
      error,
    },
    {
      kind: 'token',
      method: 'POST',
      paths: ['/api/v3/token'],
      request: { from: ['json'], defaults: { client_id: 'academy-v3' } },
      answer: tokens,
      error,
    },
  ],
  api: [
    { prefix: '/api/v1', credentials: [{ header: 'x-api-key' }] },
    { prefix: '/api/v2', credentials: [{ scheme: 'Bearer' }] },
    { prefix: '/api/v3', credentials: [{ scheme: 'Bearer' }] },
  ],
  grants: ['authorization_code', 'password'],
  policy: {
    accessTokenLifetime: '5m',
    refreshTokenLifetime: '90h',
    requiredScope: 'connect',
    connections: 'one',
    accountChooser: 'always',
    pkce: 'optional',
    passwordGrant: true,
    scopes: {
      connect: { en: 'Connect to your account', ja: 'あなたのアカウントに接続する' },
      'users:read': { en: 'See your profile', ja: 'あなたのプロフィールを見る' },
      'users:write': { en: 'Change your profile', ja: 'あなたのプロフィールを変更する' },
    },
  },
}

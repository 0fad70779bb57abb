import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from '../base/oauth-error.ts'
import { parseRedirectUri } from '../clients/redirect-uri.ts'
import { AuthorizationError, type ReturnAddress } from './authorization-error.ts'
import { codeResponse, errorResponse } from './response.ts'

const issuer = 'https://auth.example.com'
const to = (uri: string, change: Partial<ReturnAddress> = {}): ReturnAddress => ({
  client: { id: 'app', name: 'App' },
  redirectUri: parseRedirectUri(uri),
  responseMode: 'query',
  state: undefined,
  ...change,
})

test('a code goes back with state and issuer, behind the query that the redirect URI has', () => {
  const iss = 'iss=https%3A%2F%2Fauth.example.com'
  for (const [uri, url] of [
    ['https://a.com/', `https://a.com/?code=x&${iss}`],
    ['https://a.com/?', `https://a.com/?code=x&${iss}`],
    ['https://a.com/?b=%20c', `https://a.com/?b=%20c&code=x&${iss}`],
    ['com.example.app:/cb', `com.example.app:/cb?code=x&${iss}`],
  ] as const)
    assert.deepEqual(codeResponse(to(uri), 'x', issuer), { kind: 'redirect', url })
  const withState = codeResponse(to('https://a.com/', { state: 'ä&\r\n' }), 'x', issuer)
  assert.deepEqual(withState, {
    kind: 'redirect',
    url: `https://a.com/?code=x&state=%C3%A4%26%0D%0A&${iss}`,
  })
})

test('by form post the same goes as fields', () => {
  const answer = codeResponse(
    to('https://a.com/?b=c', { responseMode: 'form_post', state: 's' }),
    'x',
    issuer,
  )
  assert.deepEqual(answer, {
    kind: 'form_post',
    action: 'https://a.com/?b=c',
    fields: [
      ['code', 'x'],
      ['state', 's'],
      ['iss', issuer],
    ],
  })
})

test('what a dialect says of an error stands beside the standard, and never in its place', () => {
  const error = new AuthorizationError(
    to('https://a.com/', { responseMode: 'form_post' }),
    new OAuthError('access_denied', 'No.'),
  )
  const toRedirectError = ({
    error_description,
    error_uri,
  }: {
    error_description: string
    error_uri: string
  }) => ({
    'error.message': error_description,
    error: 'other',
    uri: error_uri,
  })
  const answer = errorResponse(error, { toRedirectError }, { issuer, errorPageUrl: `${issuer}/docs` })
  assert.deepEqual(answer.kind === 'form_post' && Object.fromEntries(answer.fields), {
    error: 'access_denied',
    error_description: 'No.',
    'error.message': 'No.',
    uri: `${issuer}/docs#access_denied`,
    iss: issuer,
  })
})

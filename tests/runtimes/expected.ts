const nothing = { authorization: null, header: null }

/** What the scenario reports of a client that does its work. */
export const expected = {
  called: { statuses: [200, 200], tokenRequests: 1 },
  atExpiry: { statuses: [200], tokenRequests: 1 },
  revoked: { statuses: [200], tokenRequests: 1 },
  withBody: { status: 200, text: 'a text' },
  withStream: { status: 401, reason: 'body_not_replayed', next: 'a stream' },
  scope: { status: 403 },
  redirected: { away: nothing, awayByHeader: 'redirect', around: { message: 'Hello.' } },
  elsewhere: nothing,
  failures: {
    wrongSecret: 'request_refused invalid_client',
    silent: 'timeout',
    closed: 'server_unavailable',
    gaveUpForTheReason: true,
  },
}

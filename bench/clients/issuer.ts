/** What the token endpoint does. Each member may be changed at any time. */
export interface Script {
  /** Every refresh ends the refresh token that was sent. */
  rotates: boolean
  /** An answer to a refresh carries a refresh token. */
  givesRefreshToken: boolean
  /** How many token requests from now on are answered 503. */
  failures: number
}

/** An authorization server in memory with one connection, which begins with {@link Issuer.code}. */
export interface Issuer {
  readonly script: Script
  readonly code: string
  /** Refresh requests that came in, whatever was answered. */
  readonly renewals: number
  /** The refresh token that works. */
  readonly refreshToken: string
  exchange(parameters: URLSearchParams): { status: number; body: Record<string, unknown> }
  accepts(accessToken: string | undefined): boolean
  /** Ends all access tokens before their time; the connection stays. */
  revokeAccess(): void
}

export const lifetimeSeconds = 3600

export function createIssuer(): Issuer {
  const script: Script = { rotates: true, givesRefreshToken: true, failures: 0 }
  const expiries = new Map<string, number>()
  let [count, renewals, isCodeSpent, refreshToken] = [0, 0, false, 'refresh.0.']

  const issue = (refresh?: string) => {
    const accessToken = `access-${++count}`
    expiries.set(accessToken, Date.now() + lifetimeSeconds * 1000)
    const body = { access_token: accessToken, token_type: 'Bearer', expires_in: lifetimeSeconds }
    return { status: 200, body: refresh === undefined ? body : { ...body, refresh_token: refresh } }
  }
  const refresh = (given: string | null) => {
    if (given !== refreshToken) return refusal('invalid_grant')
    if (script.rotates) refreshToken = `refresh.${count}.`
    return issue(script.givesRefreshToken ? refreshToken : undefined)
  }
  const begin = (given: string | null) => {
    if (given !== 'the-code' || isCodeSpent) return refusal('invalid_grant')
    isCodeSpent = true
    return issue(refreshToken)
  }

  return {
    script,
    code: 'the-code',
    get renewals() {
      return renewals
    },
    get refreshToken() {
      return refreshToken
    },
    exchange(parameters) {
      const grantType = parameters.get('grant_type')
      if (grantType === 'refresh_token') renewals++
      if (script.failures-- > 0) return { status: 503, body: { error: 'temporarily_unavailable' } }
      if (grantType === 'refresh_token') return refresh(parameters.get('refresh_token'))
      return grantType === 'authorization_code'
        ? begin(parameters.get('code'))
        : refusal('unsupported_grant_type')
    },
    accepts: (accessToken = '') => (expiries.get(accessToken) ?? 0) > Date.now(),
    revokeAccess: () => expiries.clear(),
  }
}

const refusal = (error: string) => ({ status: 400, body: { error } })

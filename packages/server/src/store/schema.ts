import type { Generated } from 'kysely'

/*
 * The tables, as both databases hold them; schema.md describes each column, its unit and its lifetime.
 * Times are Unix seconds in columns that end in `_at`. Lists (scope, grant types) are space separated, as on the wire.
 */
export interface Schema {
  users: {
    id: string
    username: string
    name: string
    password_hash: string
    scope: string | null
    email: string | null
    login: string | null
    epoch: Generated<number>
    disabled_at: number | null
    created_at: number
  }
  clients: {
    id: string
    name: string
    type: ClientType
    owner_id: string | null
    grant_types: string
    scope: string
    audience: string | null
    redirect_uris: Generated<string>
    publisher: string | null
    epoch: Generated<number>
    disabled_at: number | null
    created_at: number
  }
  client_secrets: {
    id: string
    client_id: string
    secret_hash: string
    created_at: number
    expires_at: number | null
  }
  opaque_tokens: {
    token_hash: string
    id: string
    client_id: string
    user_id: string | null
    connection_id: string | null
    scope: string
    audience: string
    client_epoch: number
    user_epoch: number
    epoch: number
    issued_at: number
    expires_at: number
  }
  password_grants: {
    client_id: string
    expires_at: number
    uses: Generated<number>
    last_used_at: number | null
  }
  sessions: {
    id: string
    session_hash: string
    previous_hash: string | null
    previous_hash_expires_at: number | null
    created_at: number
    last_used_at: number
    expires_at: number
  }
  session_accounts: {
    session_id: string
    user_id: string
    signed_in_at: number
  }
  authorization_codes: {
    code_hash: string
    client_id: string
    user_id: string
    redirect_uri: string
    is_redirect_uri_required: number
    scope: string
    audience: string
    code_challenge: string | null
    expires_at: number
    spent_at: number | null
    connection_id: string | null
  }
  connections: {
    id: string
    client_id: string
    user_id: string
    scope: string
    audience: string
    seed: string
    key_number: string
    generation: number
    period_generation: number
    earlier_generation: number
    period_started_at: number
    rotated_at: number
    created_at: number
    expires_at: number
    absolute_expires_at: number
    confirmation_key: string | null
  }
  mail_links: {
    link_hash: string
    kind: MailLinkKind
    email: string
    user_id: string | null
    continue_to: string | null
    expires_at: number
  }
  limits: {
    key: string
    count: number
    expires_at: number
  }
  revocations: {
    position: number
    kind: RevocationKind
    subject: string
    client_id: string | null
    epoch: number | null
    expires_at: number
  }
  feed_head: {
    id: number
    feed_id: string
    position: number
    purged_position: number
    live_entries: number
    epoch: number
    configuration_version: number
    longest_lifetime_seconds: number
  }
  signing_keys: {
    id: string
    algorithm: SigningAlgorithm
    public_jwk: string | null
    sealed_private_key: string
    created_at: number
    signs_at: number | null
    expires_at: number | null
  }
  audit_events: {
    id: string
    at: number
    actor: string
    action: string
    subject: string
    expires_at: number
  }
}

/** RFC 6749 §2.1; a `resource_server` is an API that asks about tokens and obtains none. */
export type ClientType = 'confidential' | 'public' | 'resource_server'

/** What a mailed link is for. */
export type MailLinkKind = 'sign_up' | 'reset_password'

export type RevocationKind = 'token' | 'connection' | 'client' | 'user' | 'api_key' | 'signing_key'

/** RFC 7518 §3.1, RFC 8037 §3.1. */
export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'HS256'

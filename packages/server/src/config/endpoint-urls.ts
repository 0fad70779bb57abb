/** Where things are, as the metadata and the pages name them; what is left out does not exist. */
export interface EndpointUrls {
  /** RFC 8414. */
  metadata: string
  token: string
  revocation: string
  introspection: string
  jwks: string | undefined
  revocations: string
  verificationKeys: string | undefined
  docs: string
}

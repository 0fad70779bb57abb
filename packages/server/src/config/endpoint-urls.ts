/** Where things are, as the metadata and the pages name them; what is left out does not exist. */
export interface EndpointUrls {
  /** RFC 8414. */
  metadata: string
  authorization: string
  token: string
  /** Where the dialect has an endpoint of its own for it. */
  refresh: string | undefined
  invalidate: string | undefined
  revocation: string
  introspection: string
  jwks: string | undefined
  revocations: string
  verificationKeys: string | undefined
  docs: string
  signIn: string
  chooseAccount: string
  consent: string
  signUp: string
  resetPassword: string
  signOut: string
  account: string
  /** Mails that were sent, in `latchkey dev`. */
  mail: string | undefined
}

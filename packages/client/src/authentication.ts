/** A token request on its way to the server; a {@link ClientAuthentication} adds to it. */
export interface TokenRequest {
  /** The endpoint it goes to. */
  readonly url: string
  /** What the server calls itself, where that is known: the audience of assertions. */
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  readonly headers: Headers
  /** By their standard names. */
  readonly parameters: URLSearchParams
}

/** How a client proves who it is (RFC 6749 §2.3). A function of your own may stand for one of these. */
export type ClientAuthentication = (request: TokenRequest) => void | Promise<void>

/** `client_secret_basic`: id and secret in a header, each form-encoded first (RFC 6749 §2.3.1). */
export function basic(): ClientAuthentication {
  return ({ headers, clientId, clientSecret }) =>
    headers.set('authorization', `Basic ${btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)}`)
}

/** `client_secret_post`: id and secret in the body. */
export function post(): ClientAuthentication {
  return ({ parameters, clientId = '', clientSecret = '' }) => {
    parameters.set('client_id', clientId)
    parameters.set('client_secret', clientSecret)
  }
}

/** A public client names itself and proves nothing; one without an id does not even that. */
export function none(): ClientAuthentication {
  return ({ parameters, clientId }) => {
    if (clientId) parameters.set('client_id', clientId)
  }
}

/** A text as a form writes it. */
export const formEncode = (text = ''): string => new URLSearchParams({ '': text }).toString().slice(1)

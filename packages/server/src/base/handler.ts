/** What is known of one request besides itself. */
export interface Exchange {
  /** In the answer's `x-request-id` and in the log. */
  requestId: string
  /** The IP address that the request came from; empty where whoever listens did not say. */
  address: string
  /** Set once the client is authenticated, for the log. */
  clientId?: string
}

/** Answers a request, or throws an OAuthError that says what is wrong with it. */
export type Handler = (request: Request, exchange: Exchange) => Response | Promise<Response>

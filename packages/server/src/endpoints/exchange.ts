/** What is known of one request besides itself. */
export interface Exchange {
  /** In the answer's `x-request-id` and in the log. */
  requestId: string
  /** Set once the client is authenticated, for the log. */
  clientId?: string
}

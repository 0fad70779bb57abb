/** A program that uses one client library as its documentation shows. */
export interface App {
  /** Calls the API. Resolves to the status that the app sees; rejects when what it sees is an error. */
  call(call?: Call): Promise<number>
  /** What the app keeps for its next start. */
  kept(): string
}

export interface Call {
  /** Below the API's address. Default: the address itself. */
  path?: string
  /** Sent by POST, as a stream that can be read once. Default: a GET. */
  pieces?: readonly string[]
}

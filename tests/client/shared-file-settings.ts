import { type ClientOptions, refreshToken } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'

/** What a process is told. */
export interface WorkerSettings
  extends Pick<ClientOptions, 'issuer' | 'tokenEndpoint' | 'clientId' | 'clientSecret'> {
  api: string
  file: string
  /** The refresh token that all start from. */
  start: string
}

/** A header of the API's: names a call, whose repetition has the same name. */
export const callHeader = 'x-call'

/** What a process that was not killed says at its end. */
export interface WorkerCounts {
  calls: number
  /** Tokens that it got from the server. */
  renewals: number
  /** Tokens that another process had got. */
  adoptions: number
  /** The slowest call, in milliseconds. */
  slowestMs: number
}

/** What every client of the connection is made with. */
export function clientOptions({ api, file, start, ...place }: WorkerSettings): ClientOptions {
  return {
    ...place,
    origins: [new URL(api).origin],
    grant: refreshToken(start),
    store: fileStore(file),
  }
}

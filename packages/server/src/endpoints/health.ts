import type { Handler } from '../base/handler.ts'
import { temporarilyUnavailable } from '../base/oauth-error.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { HeadWatch } from '../store/watch.ts'
import { credentialResponse } from './endpoint.ts'

/** The process runs and answers. */
export const healthEndpoint: Handler = (_, exchange) => credentialResponse({ status: 'ok' }, exchange)

/** The server can do its work: the store answers, a key signs, and it is not stopping. */
export function readinessEndpoint(watch: HeadWatch, keys: KeyRing, isStopping: () => boolean): Handler {
  return async (_, exchange) => {
    if (isStopping()) throw temporarilyUnavailable('the server is stopping')
    await watch.check()
    keys.current()
    return credentialResponse({ status: 'ready' }, exchange)
  }
}

import { cookieJarOf } from '../people/cookies.ts'
import type { PageContext } from './page-context.ts'
import type { Visit } from './visit.ts'

/** How long a notice waits for the page that tells it, in seconds. */
const noticeLifetimeSeconds = 60

/**
 * The `Set-Cookie` value with which a page leads on to one that tells what happened. It is in no URL: a link cannot make
 * a page say what is not so.
 */
export const leaveNotice = ({ config }: PageContext, notice: string): string =>
  cookieJarOf(config.issuer).write('notice', notice, noticeLifetimeSeconds)

/** The notice that was left for a page, if it is one that it knows, and the `Set-Cookie` values that end it: it is told once. */
export function takeNotice<Notice extends string>(
  { config }: PageContext,
  { request }: Visit,
  known: readonly Notice[],
): { notice: Notice | undefined; cookies: string[] } {
  const jar = cookieJarOf(config.issuer)
  const left = jar.read(request, 'notice')
  const notice = known.find((one) => one === left)
  return { notice, cookies: notice === undefined ? [] : [jar.clear('notice')] }
}

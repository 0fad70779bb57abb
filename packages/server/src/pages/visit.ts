import { type Continuation, readContinuation } from '../authorize/continuation.ts'
import type { Exchange, Handler } from '../base/handler.ts'
import { OAuthError } from '../base/oauth-error.ts'
import type { Parameters } from '../dialects/compile.ts'
import { readParameters } from '../dialects/parameters.ts'
import type { Browser } from '../people/browser-session.ts'
import { type Html, type PageOptions, privatePage, redirect } from './layout.ts'
import { type Look, lookOf } from './look.ts'
import type { PageContext } from './page-context.ts'

/** Someone asks for a page, or posts its form: all that is known of them. */
export interface Visit {
  request: Request
  exchange: Exchange
  browser: Browser
  /** Of the page's address and of its form: each once, none empty. */
  fields: Parameters
  look: Look
  /** The authorization request that waits for this page. */
  continuation: Continuation | undefined
}

/** Makes a handler of a page: reads the visit once, at the door. */
export const visited =
  (context: PageContext, answer: (visit: Visit) => Promise<Response>): Handler =>
  async (request, exchange) => {
    const { browsers, config, wires } = context
    const fields = await readParameters(request, pageAndForm)
    checkAddress(request)
    return answer({
      request,
      exchange,
      fields,
      browser: await browsers.read(request),
      look: lookOf(config, request),
      continuation: readContinuation(fields.get('continue'), wires, config.issuer),
    })
  }

const pageAndForm = { from: new Set(['query', 'form'] as const), toStandard: undefined }

/** What the address of a form of ours holds. All else is in its body: a URL is kept in logs and histories. */
const addressFields = new Set(['account', 'add', 'continue', 'token'])

/** @throws OAuthError `invalid_request` where a form came with more in its address. */
function checkAddress({ method, url }: Request): void {
  if (method !== 'POST') return
  if ([...new URL(url).searchParams.keys()].every((name) => addressFields.has(name))) return
  throw new OAuthError('invalid_request', 'Send the fields of the form in the body, not in the URL.')
}

/** What the configuration leaves out is not there. */
export const notOffered: Handler = () => {
  throw new OAuthError('not_found', 'There is nothing at this path.')
}

/** Answers with a page. */
export function show(
  { browsers }: PageContext,
  { browser, exchange }: Visit,
  page: Html,
  options: PageOptions = {},
): Promise<Response> {
  const cookies = [...browsers.cookies(browser), ...(options.cookies ?? [])]
  return privatePage(page, exchange, { ...options, cookies })
}

/** How a page answers that says what was wrong with its form: 400, or 429 where it says how long to wait. */
export function problem(error: string | undefined, retryAfterSeconds?: number): PageOptions {
  if (error === undefined) return {}
  if (retryAfterSeconds === undefined) return { status: 400 }
  return { status: 429, headers: { 'retry-after': String(retryAfterSeconds) } }
}

/** Leads on to another page. */
export function lead(
  { browsers }: PageContext,
  { browser, exchange }: Visit,
  url: string,
  cookies: readonly string[] = [],
): Response {
  return redirect(url, exchange, { cookies: [...browsers.cookies(browser), ...cookies] })
}

/**
 * Leads on from where somebody left, or changed what keeps others out. The browser forgets the pages that it keeps for its
 * Back button: they show an account that is no longer open here (Clear Site Data §3.1).
 */
export function leadAway(
  { browsers }: PageContext,
  { browser, exchange }: Visit,
  url: string,
  cookies: readonly string[],
): Response {
  return redirect(url, exchange, {
    cookies: [...browsers.cookies(browser), ...cookies],
    headers: { 'clear-site-data': '"cache"' },
  })
}

/** Whether the form that was posted is one that a page of ours gave this browser for this purpose. */
export const isOurForm = ({ browsers }: PageContext, visit: Visit, purpose: string): boolean =>
  browsers.isOurForm(visit.request, visit.browser, visit.fields.get('form_token'), purpose)

/** Where a visit comes from, as the limits of signing in know it. */
export const whereabouts = ({ exchange, browser }: Visit) => ({
  address: exchange.address,
  browserId: browser.id,
})

/** A page of ours, with what it is to know in its query. */
export function withQuery(url: string, query: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return known.length === 0 ? url : `${url}?${new URLSearchParams(known)}`
}

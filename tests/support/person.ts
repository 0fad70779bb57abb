/** A page as a person without JavaScript has it before them. */
export interface Page {
  url: URL
  status: number
  text: string
  forms: Form[]
  links: { url: URL; text: string }[]
}

export interface Form {
  action: URL
  /** Each input with its value; an input that the person fills in holds what stands in it already. */
  fields: Map<string, string>
  /** The names of inputs that the person fills in. */
  open: ReadonlySet<string>
  buttons: { name: string; value: string; text: string }[]
}

/** Whoever goes through more pages than this goes in a circle. */
const maxSteps = 12

/** A person with a browser of their own: it keeps cookies and follows redirects, and runs nothing. */
export class Person {
  readonly #cookies = new Map<string, string>()
  readonly #headers: Record<string, string>

  /** @param headers of every request, as the language that they read. */
  constructor(headers: Record<string, string> = {}) {
    this.#headers = headers
  }

  /** One request with the browser's cookies. A redirect is not followed. */
  async fetch(url: URL | string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({ ...this.#headers, ...Object.fromEntries(new Headers(init.headers)) })
    if (this.#cookies.size > 0) {
      headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    return response
  }

  /** Goes to an address and on where it leads, to a page or to an address that `isGoal` takes. */
  async open(url: URL | string, isGoal: (url: URL) => boolean = () => false): Promise<Page | URL> {
    return this.#follow(await this.fetch(url), new URL(url), isGoal)
  }

  /** Sends a form, with what the person fills in and the button that they press. */
  async submit(
    form: Form,
    filledIn: Record<string, string> = {},
    isGoal: (url: URL) => boolean = () => false,
  ): Promise<Page | URL> {
    const body = new URLSearchParams({ ...Object.fromEntries(form.fields), ...filledIn })
    const headers = { origin: form.action.origin }
    return this.#follow(await this.fetch(form.action, { method: 'POST', headers, body }), form.action, isGoal)
  }

  async #follow(response: Response, from: URL, isGoal: (url: URL) => boolean): Promise<Page | URL> {
    let [answer, url] = [response, from]
    for (let step = 0; step < maxSteps; step++) {
      const location = answer.headers.get('location')
      if (location === null) return readPage(url, answer.status, await answer.text())
      url = new URL(location, url)
      if (isGoal(url)) return url
      answer = await this.fetch(url)
    }
    throw new Error(`The redirects lead in a circle: ${url}`)
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const [name = '', ...value] = pair.split('=')
    if (attributes.some((attribute) => /^\s*max-age=(0|-\d+)\s*$/i.test(attribute)))
      this.#cookies.delete(name)
    else this.#cookies.set(name, value.join('='))
  }
}

export interface Visit {
  authorizationUrl: string
  username: string
  password: string
  /** Default: allow. */
  decision?: 'allow' | 'deny'
  /** The username to choose where an account is asked for. Default: who signs in. */
  account?: string
  /** Their browser, where they have been here before. Default: a new one. */
  person?: Person
}

/**
 * Goes through sign-in, the choice of an account and consent, as far as each is asked for.
 *
 * @returns where the browser is sent back to; an answer by form post stands in its query as well.
 * @throws Error when a page is shown that leads no further.
 */
export async function signInAndAllow(visit: Visit): Promise<URL> {
  const { authorizationUrl, person = new Person() } = visit
  const isGoal = goalOf(new URL(authorizationUrl))
  const asked = new Set<string>()
  let place = await person.open(authorizationUrl, isGoal)
  for (let step = 0; step < maxSteps; step++) {
    if (place instanceof URL) return checkDecision(place, visit, asked)
    const posted = postedBack(place, isGoal)
    if (posted) return checkDecision(posted, visit, asked)
    place = await nextStep(place, visit, person, isGoal, asked)
  }
  throw new Error('The pages lead in a circle.')
}

/** Who meant to deny and was not asked has allowed nothing: an earlier permission was remembered. */
function checkDecision(back: URL, { decision }: Visit, asked: ReadonlySet<string>): URL {
  if (decision === 'deny' && !asked.has('Consent') && back.searchParams.has('code')) {
    throw new Error('Consent was not asked for, so it could not be denied.')
  }
  return back
}

async function nextStep(
  page: Page,
  { username, password, decision = 'allow', account = username }: Visit,
  person: Person,
  isGoal: (url: URL) => boolean,
  asked: Set<string>,
): Promise<Page | URL> {
  const once = (step: string) => {
    if (asked.has(step)) throw new Error(`${step} is asked for again: ${wordsOf(page)}`)
    asked.add(step)
  }
  const signIn = page.forms.find(({ open }) => open.has('username') && open.has('password'))
  if (signIn) {
    once('Sign-in')
    return person.submit(signIn, { username, password }, isGoal)
  }
  const consent = page.forms.find(({ buttons }) => buttons.some(({ name }) => name === 'decision'))
  if (consent) {
    once('Consent')
    return person.submit(consent, { decision }, isGoal)
  }
  for (const form of page.forms) {
    const button = form.buttons.find(({ name, text }) => name === 'account' && text.includes(account))
    if (!button) continue
    once('The account')
    return person.submit(form, { account: button.value }, isGoal)
  }
  const another =
    page.links.find(({ text }) => text.includes(account)) ??
    page.links.find(({ url }) => url.pathname.endsWith('/sign-in'))
  if (page.status === 200 && another) return person.open(another.url, isGoal)
  throw new Error(`A page leads no further: ${page.status} ${page.url.pathname} ${wordsOf(page)}`)
}

/** Whether a URL is where the app takes people back: off the server, or the redirect URI of the request. */
function goalOf(authorizationUrl: URL): (url: URL) => boolean {
  const redirectUri = authorizationUrl.searchParams.get('redirect_uri')
  const own = redirectUri === null ? undefined : new URL(redirectUri)
  return (url) =>
    url.origin !== authorizationUrl.origin || (own?.origin === url.origin && own.pathname === url.pathname)
}

/** The answer of `response_mode=form_post`: a form that leads to the app. */
function postedBack(page: Page, isGoal: (url: URL) => boolean): URL | undefined {
  const form = page.forms.find(({ action }) => isGoal(action))
  if (!form) return undefined
  const url = new URL(form.action)
  for (const [name, value] of form.fields) url.searchParams.set(name, value)
  return url
}

/** As it is read: the signs that keep a name apart from the words around it are not seen. */
function readPage(url: URL, status: number, source: string): Page {
  const text = source.replace(/[\u2068\u2069]/g, '')
  const forms = [...text.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = '', inner = '']) =>
    readForm(new URL(attributesOf(attributes).get('action') ?? '', url), inner),
  )
  const links = [...text.matchAll(/<a\b([^>]*)>(.*?)<\/a>/gs)].map(([, attributes = '', inner = '']) => ({
    url: new URL(attributesOf(attributes).get('href') ?? '', url),
    text: plain(inner),
  }))
  return { url, status, text, forms, links }
}

function readForm(action: URL, inner: string): Form {
  const fields = new Map<string, string>()
  const open = new Set<string>()
  for (const [, text = ''] of inner.matchAll(/<input\b([^>]*)>/g)) {
    const input = attributesOf(text)
    const name = input.get('name') ?? ''
    fields.set(name, input.get('value') ?? '')
    if (input.get('type') !== 'hidden') open.add(name)
  }
  const buttons = [...inner.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].map(
    ([, text = '', words = '']) => {
      const button = attributesOf(text)
      return { name: button.get('name') ?? '', value: button.get('value') ?? '', text: plain(words) }
    },
  )
  return { action, fields, open, buttons }
}

const attributesOf = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decode(value)]))

const plain = (html: string): string => decode(html.replaceAll(/<[^>]*>/g, ''))

/** The words of a page, for an error. */
const wordsOf = ({ text }: Page): string =>
  plain(text.replace(/^.*<body[^>]*>/s, ''))
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 400)

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}

const decode = (text: string): string =>
  text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? '')

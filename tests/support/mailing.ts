import assert from 'node:assert/strict'
import type { EndpointUrls } from '../../packages/server/src/config/endpoint-urls.ts'
import type { Store } from '../../packages/server/src/store/store.ts'
import { eventually } from './eventually.ts'
import { type Page, Person } from './person.ts'
import { startServer, type TestServer, type TestServerOptions } from './server.ts'
import { type MailServer, type ReceivedMail, startMailServer } from './smtp.ts'

/** A server, its mail server, and somebody with a browser. */
export interface MailScene extends AsyncDisposable {
  server: TestServer
  mailServer: MailServer
  urls: EndpointUrls
  store: Store
  person: Person
}

export async function setMailScene(options: TestServerOptions = {}): Promise<MailScene> {
  const mailServer = await startMailServer()
  const server = await startServer({
    environment: { SMTP_URL: mailServer.url },
    apiName: 'Example',
    ...options,
  })
  return {
    server,
    mailServer,
    urls: server.latchkey.urls,
    store: server.latchkey.store,
    person: new Person(),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await mailServer.close()
    },
  }
}

/** Goes to an address, and to the page where it leads. */
export async function openPage(person: Person, url: string | URL): Promise<Page> {
  return asPage(await person.open(url))
}

/** Sends the form of a page whose action holds a text; the first where none is named. */
export async function submit(
  person: Person,
  page: Page,
  fields: Record<string, string> = {},
  action = '',
): Promise<Page> {
  const form = page.forms.find((one) => one.action.href.includes(action))
  assert.ok(form, `no such form: ${page.text}`)
  return asPage(await person.submit(form, fields))
}

function asPage(place: Page | URL): Page {
  assert.ok(!(place instanceof URL))
  return place
}

/** Gives an address to the page that mails a link. */
export async function askForMail(person: Person, url: string | URL, email: string): Promise<Page> {
  return submit(person, await openPage(person, url), { email })
}

/** The mail that comes of it. */
export async function mailAfter(mailServer: MailServer, ask: () => Promise<Page>): Promise<ReceivedMail> {
  const before = mailServer.mails.length
  const page = await ask()
  assert.equal(page.status, 200, page.text)
  await eventually(() => mailServer.mails.length > before)
  const mail = mailServer.mails.at(-1)
  assert.ok(mail)
  return mail
}

import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import { type DocsFacts, hasPeople } from './facts.ts'
import { code, section } from './parts.ts'

export const whatYouNeed = (facts: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'What you need',
    words: facts.first.firstPartyId === undefined ? credentials(facts) : account(facts),
  })

const credentials = (
  facts: DocsFacts,
): Html => html`<p>A <strong>client id</strong> and a <strong>client secret</strong>
for your app${
  hasPeople(facts)
    ? html`, and, to act for people, a <strong>redirect URI</strong>: the address of your app that
people come back to`
    : ''
}. The people who run ${facts.config.apiName} give you ${hasPeople(facts) ? 'id and secret, and note the redirect URI' : 'both'}.</p>
<p>The examples on this page are complete. Put your own id and secret where it says ${code('YOUR_CLIENT_ID')} and
${code('YOUR_CLIENT_SECRET')}, and run them.</p>
<p>Keep the secret on your server, out of browsers, phones and repositories: who has it can act as your app. If it gets
out, ask for a new one. The old one can go on working for a while, so that nothing of yours stops.</p>`

const account = ({
  config,
}: DocsFacts): Html => html`<p>The <strong>username</strong> and the <strong>password</strong>
that you use to log in to ${config.apiName}. A token that you get with them may do what you may do there.</p>
<p>The examples on this page are complete. Put your own where it says ${code('YOUR_USERNAME')} and
${code('YOUR_PASSWORD')}, and run them.</p>
<p>Keep both out of repositories and out of programs that you give to others: who has them is you.</p>`

import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { DocsFacts } from './facts.ts'
import { code, section } from './parts.ts'

export const whatYouNeed = ({ config }: DocsFacts, id: string): Html =>
  section({
    id,
    title: 'What you need',
    words: html`<p>A <strong>client id</strong> and a <strong>client secret</strong> for your app. The people who run
${config.apiName} give you both.</p>
<p>The examples on this page are complete. Put your own id and secret where it says ${code('YOUR_CLIENT_ID')} and
${code('YOUR_CLIENT_SECRET')}, and run them.</p>
<p>Keep the secret on your server, out of browsers, phones and repositories: who has it can act as your app. If it gets
out, ask for a new one. The old one can go on working for a while, so that nothing of yours stops.</p>`,
  })

// A script that calls an API for itself.
//
//   LATCHKEY_CLIENT_SECRET=… npx node examples/client-script.ts
//
// `latchkey dev` prints that secret in its line "App". The token is kept in a file: as long as it lives, the next run, and
// one beside this, ask for no other.
//
// A script that acts for a person who has connected it says `grant: refreshToken(process.env.LATCHKEY_REFRESH_TOKEN)`
// instead of `scope`. The token in the environment is used once; whatever follows it is in the file.
import { createTokenClient } from '@latchkey/client'
import { fileStore } from '@latchkey/client/file-store'

const api = process.env.LATCHKEY_API ?? 'http://127.0.0.1:3000/api'

const client = createTokenClient({
  issuer: process.env.LATCHKEY_ISSUER ?? 'http://127.0.0.1:3000',
  clientId: process.env.LATCHKEY_CLIENT_ID ?? 'demo-app',
  clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
  scope: 'read',
  origins: [new URL(api).origin],
  store: fileStore(process.env.LATCHKEY_TOKENS ?? '.latchkey/client-script.tokens.json'),
})

const answer = await client.fetch(`${api}/whoami`)
process.stdout.write(`${answer.status} ${await answer.text()}\n`)
if (!answer.ok) process.exitCode = 1

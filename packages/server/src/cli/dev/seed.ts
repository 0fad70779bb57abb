import { systemClock as clock } from '../../base/clock.ts'
import { deriveKey } from '../../base/hash.ts'
import { base32, randomId } from '../../base/random.ts'
import { type NewApp, registerApp } from '../../clients/registration.ts'
import { hashPassword } from '../../people/password.ts'
import type { Latchkey } from '../../server.ts'
import type { Store } from '../../store/store.ts'

/** What `latchkey dev` has ready. Secrets follow from the server's own, so that every start knows them. */
export interface Demo {
  client: DemoClient
  resourceServer: DemoClient
  users: DemoUser[]
}

export interface DemoClient {
  id: string
  secret: string
}

export interface DemoUser {
  username: string
  password: string
  name: string
}

const actor = 'command-line'

/** Makes the demo clients and users that are not there yet. */
export async function seed({ store, config }: Latchkey): Promise<Demo> {
  const [serverSecret = ''] = config.secrets
  const secretOf = (name: string) => base32(deriveKey(serverSecret, `demo ${name}`))
  const demo: Demo = {
    client: { id: 'demo-app', secret: secretOf('demo-app') },
    resourceServer: { id: 'demo-api', secret: secretOf('demo-api') },
    users: [
      { username: 'john.doe', password: secretOf('john.doe').slice(0, 16), name: 'John Doe' },
      { username: 'jane.black', password: secretOf('jane.black').slice(0, 16), name: 'Jane Black' },
    ],
  }
  const scope = Object.keys(config.scopes).join(' ')
  await addClient(store, demo.client, { name: 'Demo app', type: 'confidential', scope })
  await addClient(store, demo.resourceServer, {
    name: 'Sample API',
    type: 'resource_server',
    scope: '',
    audience: config.audience,
  })
  for (const user of demo.users) await addUser(store, user)
  return demo
}

type NewDemoApp = Omit<NewApp, 'id' | 'secret'>

/** An earlier start made the client; where this one listens on another port, the sample API's audience moved. */
async function addClient(store: Store, { id, secret }: DemoClient, app: NewDemoApp): Promise<void> {
  const client = await store.clients.find(id)
  if (!client) {
    await registerApp({ store, clock }, { ...app, id, secret }, actor)
    return
  }
  if (app.audience === undefined || client.audience === app.audience) return
  const event = { at: clock(), actor, action: 'client.moved', subject: `client:${id}` }
  await store.clients.setAudience(id, app.audience, event)
}

async function addUser(store: Store, { username, password, name }: DemoUser): Promise<void> {
  if (await store.users.findByUsername(username)) return
  const at = clock()
  const id = randomId()
  const user = { id, username, name, password_hash: await hashPassword(password), created_at: at }
  await store.users.add(user, { at, actor, action: 'user.added', subject: `user:${id}` })
}

import type { ClientStore, ClientWithSecrets } from '../store/clients.ts'
import { type HeadWatch, isConfigurationChange } from '../store/watch.ts'

/** Clients that one process keeps in memory. */
const maxClients = 10_000

/** Finds clients. */
export interface ClientDirectory {
  /** At once when it is in memory. */
  find(id: string): ClientWithSecrets | undefined | Promise<ClientWithSecrets | undefined>
}

/**
 * Keeps clients in memory for one version of the configuration: any change of a client, a secret or an owner, in this
 * process or another, starts it anew (within the watch's interval, for another's).
 */
export function createClientDirectory(store: ClientStore, watch: HeadWatch): ClientDirectory {
  let clients = new Map<string, ClientWithSecrets>()
  watch.subscribe((head, previous) => {
    if (isConfigurationChange(head, previous)) clients = new Map()
  })

  async function load(id: string): Promise<ClientWithSecrets | undefined> {
    const before = clients
    const client = await store.find(id)
    if (client && clients === before) remember(client)
    return client
  }

  function remember(client: ClientWithSecrets): void {
    if (clients.size >= maxClients) {
      const oldest = clients.keys().next()
      if (!oldest.done) clients.delete(oldest.value)
    }
    clients.set(client.id, client)
  }

  /** The store has not answered for a while: what is in memory may no longer be so. */
  async function findAnew(id: string): Promise<ClientWithSecrets | undefined> {
    await watch.check()
    return clients.get(id) ?? load(id)
  }

  return { find: (id) => (watch.isFresh ? (clients.get(id) ?? load(id)) : findAnew(id)) }
}

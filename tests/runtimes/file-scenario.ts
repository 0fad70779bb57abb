import { fileStore } from '../../packages/client/src/file-store.ts'
import { createTokenClient } from '../../packages/client/src/index.ts'
import type { Report, Setup } from './scenario.ts'

const clientsAtOnce = 5

/** Several clients that share a file, as several processes would. */
export async function runFileScenario(setup: Setup, file: string): Promise<Report> {
  const { issuer, clientId, clientSecret, api } = setup
  const clients = Array.from({ length: clientsAtOnce }, () =>
    createTokenClient({ issuer, clientId, clientSecret, origins: [api], store: fileStore(file) }),
  )
  const tokens = await Promise.all(clients.map((client) => client.getToken()))
  const [first] = clients
  const response = await first?.fetch(`${api}/info`)
  return { status: response?.status, token: [...new Set(tokens)].join(' ') }
}

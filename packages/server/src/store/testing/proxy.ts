import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A network between a client and a server, with a switch. */
export interface NetworkProxy extends AsyncDisposable {
  port: number
  /** Cuts every connection and refuses new ones. */
  cut(): Promise<void>
  /** Lets connections through again. */
  mend(): Promise<void>
  /** From now on nothing arrives any more, and nothing says so. */
  stall(): void
  /** Passes on what holds the text, and then cuts that connection: its answer is lost. */
  cutAfter(text: string): void
}

/** A TCP proxy on loopback, in front of a port of loopback. */
export async function startProxy(targetPort: number): Promise<NetworkProxy> {
  const sockets = new Set<Socket>()
  let isStalled = false
  let lastText: string | undefined

  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const [socket, opposite] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        opposite.end()
      })
    }
    near.on('data', (data) => {
      if (isStalled) return
      const isLast = lastText !== undefined && data.includes(lastText)
      far.write(data, () => isLast && near.destroy())
      if (isLast) lastText = undefined
    })
    far.on('data', (data) => {
      if (!isStalled && !near.destroyed) near.write(data)
    })
  })
  /** While a port is let go, anybody on this machine may be given it for a while: then it is waited for. */
  const listen = async (port: number): Promise<void> => {
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      await delay(10)
      return listen(port)
    }
  }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    cut,
    async mend() {
      isStalled = false
      await listen(port)
    },
    stall() {
      isStalled = true
    },
    cutAfter(text) {
      lastText = text
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await cut()
    },
  }
}

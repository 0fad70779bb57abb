import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { codeChallenge, verifier } from '../support/connection.ts'
import type { Dev } from '../support/dev.ts'
import { signInAndAllow } from '../support/person.ts'
import { postForm } from '../support/server.ts'

/** An example in a process of its own. */
export interface Example extends AsyncDisposable {
  process: ChildProcess
  /** What it wrote to standard output so far. */
  stdout(): string
  stderr(): string
  /** Ends it and waits; gives its exit code, null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  /** Waits until it ends by itself. */
  exited(): Promise<number | null>
}

/** Starts a file of `examples/`, or another one. */
export function startExample(file: string, env: Record<string, string>): Example {
  const path = fileURLToPath(new URL(file, new URL('../../examples/', import.meta.url)))
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  // When it has ended and all that it wrote was read.
  const exit = once(child, 'close')
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text) => {
      texts[name] += text
    })
  const exited = async () => (await exit)[0] as number | null
  const end = (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exited()
  }
  return {
    process: child,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    end,
    exited,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}

/** What an example must be told to speak to this server as its demo app. */
export function environmentOf({ description }: Dev): Record<string, string> {
  return {
    LATCHKEY_ISSUER: description.issuer,
    LATCHKEY_API: description.endpoints.api ?? '',
    LATCHKEY_CLIENT_ID: description.client.client_id,
    LATCHKEY_CLIENT_SECRET: description.client.client_secret,
  }
}

/** A person signs in and allows the demo app; this is the refresh token that it gets. */
export async function connect({ description }: Dev): Promise<string> {
  const { client, endpoints, users } = description
  const [user] = users
  const redirectUri = client.redirect_uri ?? ''
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  })
  const back = await signInAndAllow({
    authorizationUrl: `${endpoints.authorization}?${query}`,
    username: user?.username ?? '',
    password: user?.password ?? '',
  })
  const response = await postForm(
    endpoints.token ?? '',
    {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    },
    { id: client.client_id, secret: client.client_secret },
  )
  const body = (await response.json()) as { refresh_token?: string }
  if (body.refresh_token === undefined) throw new Error(`No refresh token: ${response.status}`)
  return body.refresh_token
}

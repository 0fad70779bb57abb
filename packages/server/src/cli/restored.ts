import { systemClock } from '../base/clock.ts'
import type { Environment } from '../config/config.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** `latchkey restored`: what the backup does not know was revoked must not live again, so every token ends. */
export async function restored(
  { endConnections = false, ...options }: ConfigOption & { endConnections?: boolean },
  environment: Environment,
): Promise<void> {
  const event = { at: systemClock(), actor, action: 'server.restored', subject: 'server' }
  await withStore(options, environment, (store) =>
    store.revocations.restart(event, { endsConnections: endConnections }),
  )
  printLine('Every access token issued before now is refused. Clients get new ones by themselves.')
  printLine(
    'What was disabled, rotated or revoked after the backup was taken is as it was then: do it again (`latchkey app list`, `latchkey user list`, `latchkey keys list`).',
  )
  printLine(
    endConnections
      ? 'Every person must sign in again, and connect their apps again.'
      : 'So are the apps that people disconnected, their sign-outs and their passwords. Run it with --end-connections to end every session and connection.',
  )
}

import { systemClock } from '../base/clock.ts'
import type { Environment } from '../config/config.ts'
import type { ConfigOption } from './config-file.ts'
import { actor, printLine, withStore } from './with-store.ts'

/** `latchkey restored`: what the backup does not know was revoked must not live again, so every token ends. */
export async function restored(options: ConfigOption, environment: Environment): Promise<void> {
  await withStore(options, environment, (store) =>
    store.revocations.restart({ at: systemClock(), actor, action: 'server.restored', subject: 'server' }),
  )
  printLine('Every access token issued before now is refused. Clients get new ones by themselves.')
  printLine(
    'What was disabled, rotated or revoked after the backup was taken is as it was then: do it again (`latchkey app list`, `latchkey keys list`).',
  )
}

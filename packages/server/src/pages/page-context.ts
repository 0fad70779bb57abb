import type { Clock } from '../base/clock.ts'
import type { ClientDirectory } from '../clients/client-cache.ts'
import type { Config } from '../config/config.ts'
import type { EndpointUrls } from '../config/endpoint-urls.ts'
import type { Wire } from '../dialects/compile.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { BrowserSessions } from '../people/browser-session.ts'
import type { People } from '../people/people.ts'
import type { Store } from '../store/store.ts'
import type { HeadWatch } from '../store/watch.ts'

/** A person whose password `latchkey dev` shows, so that it can be tried. */
export interface DemoUser {
  username: string
  password: string
  name: string
}

/** What the pages that people see are made of. */
export interface PageContext {
  config: Config
  clock: Clock
  store: Store
  watch: HeadWatch
  clients: ClientDirectory
  wires: readonly Wire[]
  urls: EndpointUrls
  people: People
  browsers: BrowserSessions
  /** `undefined`: there is no mail, so nobody can sign up or reset a password. */
  mailer: Mailer | undefined
  /** People who stand ready in `latchkey dev`; none otherwise. */
  demoUsers: readonly DemoUser[]
}

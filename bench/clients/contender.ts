import type { App } from './app.ts'
import type { ScenarioName } from './scenarios.ts'
import type { ScriptedServer } from './scripted-server.ts'

export interface Contender {
  readonly name: string
  /** The npm package. */
  readonly package: string
  /** What this app imports, as a module's text, for the size. */
  readonly imports: string
  /** Where the package runs: `node` when it needs Node's own modules. */
  readonly platform: 'browser' | 'node'
  /** Packages that an app has already when it chooses this one; they are no part of its size. */
  readonly beside?: readonly string[]
  /** Scenarios for which the library has nothing: what runs there is the app's own code. */
  readonly leavesToApp: readonly ScenarioName[]
  /** An app that has what it needs for its first call. */
  open(server: ScriptedServer): Promise<App>
}

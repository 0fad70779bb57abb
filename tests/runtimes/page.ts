import { runScenario } from './scenario.ts'

/* What a page, or a worker of one, loads. */
Object.assign(globalThis, { runScenario })

import { argv, stdout } from 'node:process'
import { runFileScenario } from './file-scenario.ts'
import { runScenario } from './scenario.ts'

/* Where a program is run from a file: what it finds goes to standard output. Arguments: the setup; a store's file. */
const [setup = '', file] = argv.slice(2)
const report = file ? await runFileScenario(JSON.parse(setup), file) : await runScenario(JSON.parse(setup))
stdout.write(`${JSON.stringify(report)}\n`)

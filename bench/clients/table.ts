import type { Measured } from './measure.ts'
import { type ScenarioName, scenarioNames } from './scenarios.ts'

interface Cell {
  text: string
  note?: string | undefined
}

/** A Markdown table, one row a client, and below it a numbered note for each cell that needs a word. */
export function markdown(measured: readonly Measured[]): string {
  const notes: string[] = []
  const print = ({ text, note }: Cell): string => (note ? `${text} (${numberOf(notes, note)})` : text)
  const header = ['', ...scenarioNames, 'size, bytes', 'dependencies']
  const rows = measured.map((client) => cellsOf(client).map(print))
  const lines = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  return [...lines, '', ...notes.map((note, index) => `${index + 1}. ${note}`)].join('\n')
}

function numberOf(notes: string[], note: string): number {
  if (!notes.includes(note)) notes.push(note)
  return notes.indexOf(note) + 1
}

function cellsOf(client: Measured): Cell[] {
  return [
    { text: `${client.contender.name} ${client.version}` },
    ...scenarioNames.map((name) => scenarioCell(client, name)),
    sizeCell(client),
    dependenciesCell(client),
  ]
}

function scenarioCell({ contender, complaints }: Measured, name: ScenarioName): Cell {
  const complaint = complaints[name]
  if (contender.leavesToApp.includes(name)) {
    return { text: 'left to the app', note: `The app's own code: ${complaint ?? 'works'}.` }
  }
  return complaint === undefined ? { text: 'yes' } : { text: 'no', note: `${capitalized(complaint)}.` }
}

/** Below this share of the whole it is worth a note how much of a package an app uses. */
const notableShare = 0.9

function sizeCell({ contender, sizes }: Measured): Cell {
  const { entry, used, withBeside } = sizes
  const words = [
    used < entry * notableShare ? `What is imported here: ${figure(used)}.` : '',
    contender.beside ? `Without ${contender.beside.join(', ')}; with it: ${figure(withBeside)}.` : '',
    contender.platform === 'node' ? 'Runs on Node only.' : '',
  ]
  return { text: figure(entry), note: words.filter((word) => word !== '').join(' ') }
}

function dependenciesCell({ contender: { beside }, dependencyCount }: Measured): Cell {
  return { text: String(dependencyCount), note: beside && `With ${beside.join(', ')} and what that needs.` }
}

const figure = (bytes: number): string => bytes.toLocaleString('en')
const capitalized = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1)

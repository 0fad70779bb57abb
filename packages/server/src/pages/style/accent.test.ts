import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Accent,
  accentOn,
  accentTokens,
  contrast,
  type Ground,
  grounds,
  minTextContrast,
} from './accent.ts'

const colors = [
  '#000000',
  '#ffffff',
  '#ffcc00',
  '#00ff00',
  '#3a45c4',
  '#ff0066',
  '#101216',
  '#808080',
  '#f6f7f9',
]

test('contrast is that of WCAG: 21 for black on white, 1 for a colour on itself', () => {
  assert.equal(Math.round(contrast('#000000', '#ffffff') * 10) / 10, 21)
  assert.equal(contrast('#3a45c4', '#3a45c4'), 1)
  assert.equal(contrast('#ffffff', '#767676').toFixed(2), '4.54')
})

for (const ground of Object.keys(grounds) as Ground[]) {
  test(`whatever colour an owner chooses can be read on every ${ground} ground and on a button`, () => {
    for (const color of colors) {
      const { accent, accentGround, onAccent, button, onButton } = accentOn(ground, color)
      const { ground: page, surface } = grounds[ground]
      for (const [text, under] of [
        [accent, page],
        [accent, surface],
        [accent, accentGround],
        [onAccent, accent],
        [onButton, button],
      ] as const) {
        assert.ok(contrast(text, under) >= minTextContrast, `${color}: ${text} on ${under}`)
      }
    }
  })
}

test('a colour that can be read already stays as it is', () => {
  assert.equal(accentOn('light', '#1d4ed8').accent, '#1d4ed8')
  assert.equal(accentOn('dark', '#ffcc00').accent, '#ffcc00')
})

test('a button is the owner’s very colour, unless it could not be seen', () => {
  assert.deepEqual(pick(accentOn('light', '#ffcc00')), ['#ffcc00', '#101216'])
  assert.deepEqual(pick(accentOn('dark', '#3a45c4')), ['#3a45c4', '#ffffff'])
  assert.notEqual(accentOn('light', '#fffff0').button, '#fffff0')
  assert.notEqual(accentOn('dark', '#0a1020').button, '#0a1020')
})

const pick = ({ button, onButton }: Accent) => [button, onButton]

test('the stylesheet holds the owner’s colour for both grounds', () => {
  assert.match(accentTokens('#1d4ed8'), /--accent: light-dark\(#1d4ed8, #[0-9a-f]{6}\);/)
  assert.match(accentTokens(undefined), /--accent: light-dark\(#3a45c4, #a5b0ff\);/)
})

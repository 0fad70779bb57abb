import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

test('a duration is a whole number with its unit, in seconds', () => {
  const seconds = { '1s': 1, '90s': 90, '15m': 900, '1h': 3_600, '10h': 36_000, '90d': 7_776_000 }
  for (const [text, expected] of Object.entries(seconds)) assert.equal(parseDuration(text), expected)
})

test('a text without a unit, with another one, or with more around it is no duration', () => {
  const wrong = [
    '',
    '15',
    'm',
    '0s',
    '-1s',
    '+1s',
    '1.5h',
    '1e3s',
    '01m',
    '1M',
    '1 h',
    ' 1h',
    '1h ',
    '1h30m',
    '1w',
    '1hh',
    '1h\n',
    '1234567890s',
  ]
  for (const text of wrong) assert.equal(parseDuration(text), undefined, JSON.stringify(text))
})

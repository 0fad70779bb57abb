import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlainText, toPlainText } from './plain-text.ts'

test('names of every script are plain text', () => {
  for (const text of ['Jane Black', 'ながい名前', 'שלום', 'مرحبا', 'A & B <i>', '👩‍💻', '']) {
    assert.equal(isPlainText(text), true, text)
  }
})

test('what is not seen is not plain text', () => {
  const unseen = ['\0', '\n', '\r', '\t', '\x1b', '\x7f', '\x9f', '\u2028', '\u202e', '\u2066', '\u200f']
  for (const character of unseen) {
    assert.equal(isPlainText(`a${character}b`), false, JSON.stringify(character))
  }
})

test('what is not seen becomes a space, and none is left around the text', () => {
  assert.equal(toPlainText(' Jane\r\n\u202eBlack\0'), 'Jane Black')
})

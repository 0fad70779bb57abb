import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en } from './en.ts'
import { ja } from './ja.ts'

test('a wait is told in whole units and never too short', () => {
  const waits: [seconds: number, english: string, japanese: string][] = [
    [0, '1 second', '1秒'],
    [1, '1 second', '1秒'],
    [60, '60 seconds', '60秒'],
    [61, '2 minutes', '2分'],
    [3600, '60 minutes', '60分'],
    [3601, '2 hours', '2時間'],
  ]
  for (const [seconds, english, japanese] of waits) {
    assert.equal(en.duration(seconds), english)
    assert.equal(ja.duration(seconds), japanese)
  }
})

test('a day is written as its readers write it', () => {
  const at = Date.UTC(2030, 1, 3, 23, 59) / 1000
  assert.equal(en.date(at), '3 February 2030')
  assert.equal(ja.date(at), '2030年2月3日')
  assert.match(en.dateTime(at), /^3 February 2030.* 23:59 UTC$/)
})

test('nothing is left in the other language, and nothing is empty', () => {
  const [english, japanese] = [textsOf(en), textsOf(ja)]
  assert.deepEqual(Object.keys(japanese), Object.keys(english))
  for (const [place, text] of Object.entries(japanese)) {
    assert.notEqual(text.trim(), '', place)
    assert.notEqual(text, english[place], place)
    assert.match(text, /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u, place)
  }
})

test('a name stands apart from the words around it, whichever way it is written', () => {
  for (const words of [en, ja]) {
    for (const sentence of [
      words.continueTo('The App'),
      words.consent.title('The App', 'API'),
      words.consent.madeBy('The App'),
      words.consent.replaces('The App', '1 May'),
      words.formPost.title('The App'),
      words.account.madeBy('The App'),
    ])
      assert.ok(sentence.includes('\u2068The App\u2069'), sentence)
  }
})

/** Every text that takes no variable, by its place. */
function textsOf(words: object, path = ''): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(words).map(([name, value]) => {
      const place = `${path}.${name}`
      if (typeof value === 'string') return { [place]: value }
      return typeof value === 'object' ? textsOf(value, place) : {}
    }),
  )
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { explainIssues, nearestName, unknownScope, whatToWrite } from './explain.ts'

const schema = z.strictObject({
  issuer: z.string(),
  port: z.int().optional(),
  mail: z.strictObject({ host: z.string() }).optional(),
  routes: z.array(z.strictObject({ method: z.enum(['GET', 'POST']) })).default([]),
})

function explain(input: unknown): string {
  const { error } = schema.safeParse(input, { error: whatToWrite })
  assert.ok(error)
  return explainIssues(error, schema)
}

test('an unknown option gets the nearest name, wherever it stands', () => {
  assert.match(explain({ isuer: 'x', issuer: 'x' }), /Unknown option `isuer`\. Did you mean `issuer`\?/)
  assert.match(
    explain({ issuer: 'x', mail: { host: 'x', hots: 'x' } }),
    /`mail\.hots`\. Did you mean `host`\?/,
  )
  const inList = { issuer: 'x', routes: [{ method: 'GET' }, { method: 'GET', methd: 'GET' }] }
  assert.match(explain(inList), /`routes\.1\.methd`\. Did you mean `method`\?/)
})

test('an unknown option that is like none is told which there are', () => {
  assert.match(
    explain({ issuer: 'x', somethingElse: 1 }),
    /`somethingElse`\. Known here: issuer, port, mail, routes\./,
  )
})

test('a wrong or missing value is told by its place, and every mistake is told', () => {
  const told = explain({ port: 1.5, routes: [{ method: 'PUT' }] })
  assert.match(told, /issuer: /)
  assert.match(told, /port: /)
  assert.match(told, /routes\.0\.method: /)
})

test('a value is told what to write in its place, in words of ours', () => {
  const told = explain({ port: 1.5, mail: { host: true }, routes: [{ method: 'PUT' }] })
  assert.equal(
    told,
    'issuer: it is missing; write a text. port: write a whole number. mail.host: write a text. routes.0.method: write "GET" or "POST".',
  )
  assert.match(explain({ issuer: 'x', mail: 'smtp' }), /^mail: write an object/)
  assert.match(explain({ issuer: 'x', routes: {} }), /^routes: write a list\.$/)
  const limits = z.strictObject({
    text: z.string().min(1).max(3),
    list: z.array(z.int()).max(1),
    count: z.int().max(5),
  })
  const { error } = limits.safeParse({ text: '', list: [1, 2], count: 6 }, { error: whatToWrite })
  assert.equal(
    error && explainIssues(error, limits),
    'text: write 1 character at least. list: write 1 entry at most. count: write 5 at most.',
  )
})

test('a schema that says what is wrong in its own words is left to say it, and a question ends as one', () => {
  const own = z.strictObject({
    when: z.string('write a day').refine((text) => text === 'now', 'did you mean now?'),
  })
  const say = (when: unknown) => {
    const { error } = own.safeParse({ when }, { error: whatToWrite })
    return error && explainIssues(error, own)
  }
  assert.equal(say(1), 'when: write a day.')
  assert.equal(say('then'), 'when: did you mean now?')
})

test('a scope that the configuration lacks is named, with the nearest that it has', () => {
  const known = ['orders:read', 'write']
  assert.equal(unknownScope('write orders:read', known), undefined)
  assert.equal(unknownScope('', known), undefined)
  assert.equal(
    unknownScope('write order:read', known),
    'the config has no scope `order:read`. Did you mean `orders:read`?',
  )
  assert.match(unknownScope('x?.y', known) ?? '', /no scope `x\?\.y`\. Add it to `scopes` there first\.$/)
})

test('the nearest name is near: a few letters off, in any case, or none', () => {
  const known = ['issuer', 'audience', 'accessTokenLifetime']
  assert.equal(nearestName('ISSUER', known), 'issuer')
  assert.equal(nearestName('acessTokenLifeTime', known), 'accessTokenLifetime')
  assert.equal(nearestName('x', ['database']), undefined)
  assert.equal(nearestName('anything', []), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { explainIssues, nearestName } from './explain.ts'

const schema = z.strictObject({
  issuer: z.string(),
  port: z.int().optional(),
  mail: z.strictObject({ host: z.string() }).optional(),
  routes: z.array(z.strictObject({ method: z.enum(['GET', 'POST']) })).default([]),
})

function explain(input: unknown): string {
  const { error } = schema.safeParse(input)
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

test('the nearest name is near: a few letters off, in any case, or none', () => {
  const known = ['issuer', 'audience', 'accessTokenLifetime']
  assert.equal(nearestName('ISSUER', known), 'issuer')
  assert.equal(nearestName('acessTokenLifeTime', known), 'accessTokenLifetime')
  assert.equal(nearestName('x', ['database']), undefined)
  assert.equal(nearestName('anything', []), undefined)
})

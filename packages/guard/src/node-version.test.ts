import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuard, type GuardOptions } from './index.ts'

const options: GuardOptions = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  revocation: 'none',
}

test('on a Node.js that is too old a guard says so, and what is no Node.js is not asked for its version', (context) => {
  const versions = Object.getOwnPropertyDescriptor(process, 'versions') ?? {}
  context.after(() => Object.defineProperty(process, 'versions', versions))
  const pretend = (node?: string) =>
    Object.defineProperty(process, 'versions', { ...versions, value: { node } })
  pretend('20.19.0')
  assert.throws(() => createGuard(options), /Node\.js 20\.19\.0 is too old.*Node\.js 24 or newer/)
  for (const version of ['24.0.0', '26.1.0', undefined]) {
    pretend(version)
    createGuard(options).close()
  }
})

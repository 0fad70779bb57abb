import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DialectInput, parseDialect } from './dialect.ts'
import { apiPlacesOf, presentationsOf } from './presentation.ts'

const dialect = (api: DialectInput['api']) => parseDialect({ name: 'test', api })
const bearer = { scheme: 'Bearer' }
const key = { header: 'x-api-key' }

test('an API that no prefix speaks of takes a Bearer token', () => {
  assert.deepEqual(apiPlacesOf('https://api.example.com', dialect([])), [
    { url: 'https://api.example.com', credentials: [bearer] },
  ])
})

test('the longest prefix that an API is under speaks for it', () => {
  const own = dialect([
    { prefix: '/', credentials: [key] },
    { prefix: '/api', credentials: [{ bare: true }] },
    { prefix: '/ap', credentials: [key] },
  ])
  assert.deepEqual(presentationsOf('https://example.com/api/orders', own), [{ bare: true }])
  assert.deepEqual(presentationsOf('https://example.com/apis', own), [key])
})

test('the versions of an API are its places, and a token in Authorization is shown first', () => {
  const versions = dialect([
    { prefix: '/api/v1', credentials: [key] },
    { prefix: '/api/v2', credentials: [bearer] },
    { prefix: '/api/v3', credentials: [bearer] },
    { prefix: '/apiary', credentials: [{ query: 'key' }] },
  ])
  assert.deepEqual(
    apiPlacesOf('https://example.com/api', versions).map(({ url }) => url),
    ['v1', 'v2', 'v3'].map((version) => `https://example.com/api/${version}`),
  )
  assert.deepEqual(presentationsOf('https://example.com/api', versions), [bearer, key])
})

test('where an API has a word of its own, a prefix under it says nothing about the rest', () => {
  const mixed = dialect([
    { prefix: '/api', credentials: [bearer] },
    { prefix: '/api/old', credentials: [key] },
  ])
  assert.deepEqual(
    apiPlacesOf('https://example.com/api', mixed).map(({ url }) => url),
    ['https://example.com/api', 'https://example.com/api/old'],
  )
  assert.deepEqual(presentationsOf('https://example.com/api', mixed), [bearer])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAddressOf } from './client-address.ts'

const requestWith = (forwarded?: string): Request =>
  new Request(
    'http://id.example.com/',
    forwarded === undefined ? {} : { headers: { 'x-forwarded-for': forwarded } },
  )

test('without trusted proxies the connection says where a request came from, whatever it claims', () => {
  const addressOf = createAddressOf([])
  assert.equal(addressOf(requestWith('203.0.113.9'), '198.51.100.7'), '198.51.100.7')
  assert.equal(addressOf(requestWith(), '::ffff:198.51.100.7'), '198.51.100.7')
  assert.equal(addressOf(requestWith(), ''), '')
})

test('a trusted proxy is believed, and no one before it', () => {
  const addressOf = createAddressOf(['10.0.0.0/8', 'fd00::/8'])
  assert.equal(addressOf(requestWith('203.0.113.9'), '10.1.2.3'), '203.0.113.9')
  assert.equal(addressOf(requestWith('6.6.6.6, 203.0.113.9'), '10.1.2.3'), '203.0.113.9', 'forged in front')
  assert.equal(addressOf(requestWith('203.0.113.9, 10.9.9.9'), 'fd00::1'), '203.0.113.9', 'two proxies')
  assert.equal(addressOf(requestWith('203.0.113.9'), '198.51.100.7'), '198.51.100.7', 'not from the proxy')
  assert.equal(addressOf(requestWith('[2001:db8::1]:443'), '10.1.2.3'), '2001:db8::1')
  assert.equal(addressOf(requestWith('203.0.113.9:5000'), '10.1.2.3'), '203.0.113.9')
})

test('what is no address ends the search at the last one that is', () => {
  const addressOf = createAddressOf(['10.0.0.1'])
  assert.equal(addressOf(requestWith('unknown'), '10.0.0.1'), '10.0.0.1')
  assert.equal(addressOf(requestWith('203.0.113.9, "><script>'), '10.0.0.1'), '10.0.0.1')
  assert.equal(addressOf(requestWith(''), '10.0.0.1'), '10.0.0.1')
})

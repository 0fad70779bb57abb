import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf } from './network.ts'

test('66: IPv6 counts by its /64, however it is spelled', () => {
  const spellings = [
    '2001:db8:1:2::1',
    '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff',
    '2001:db8:1:2:3::',
    '2001:db8:1:2::192.0.2.1',
    '2001:db8:1:2::1%eth0',
  ]
  assert.deepEqual(new Set(spellings.map(networkOf)), new Set(['2001:db8:1:2::/64']))
  assert.notEqual(networkOf('2001:db8:1:3::1'), networkOf('2001:db8:1:2::1'))
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
  assert.equal(networkOf('fe80::'), 'fe80:0:0:0::/64')
})

test('66: an IPv4 address counts as itself, also when it is written as IPv6', () => {
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:c000:0201'])
    assert.equal(networkOf(address), '192.0.2.1')
  assert.notEqual(networkOf('::ffff:192.0.2.2'), networkOf('192.0.2.1'))
  assert.notEqual(networkOf('::192.0.2.1'), '192.0.2.1')
})

test('an unknown address is one like another', () => {
  assert.equal(networkOf(''), '')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash as bcryptHash } from 'bcryptjs'
import { OAuthError } from '../base/oauth-error.ts'
import {
  hashPassword,
  isWholePasswordChecked,
  maxPasswordLength,
  maxWaitingForeignPasswords,
  maxWaitingPasswords,
  needsUpgrade,
  verifyPassword,
} from './password.ts'
import { readPasswordHash } from './password-hash.ts'

const password = 'correct horse battery'

/** Of this password, each made by another program: PHP, Perl, and Python's hashlib and crypt. */
const imported = {
  'argon2id of other costs':
    '$argon2id$v=19$m=65536,t=4,p=1$aG9Kbzh6ZXpNRGRLaUF4Lg$s5Zez/hsnBCXTx/iSuk/hMTpXcheut6AkWNsKncovXo',
  argon2i: '$argon2i$v=19$m=4096,t=3,p=1$SVRoak53bmNhdTBUWFIwTQ$aedXQjLFc386xCQgzETTMpqAEqjm+gMEFhOZxp+io4s',
  'bcrypt $2a$': '$2a$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.',
  'bcrypt $2b$': '$2b$06$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.',
  'bcrypt $2y$': '$2y$06$5Jtu8fg4lJqkamcTH.SWOuD2V//ZHdxG8Vh2S0EnNpNTlTCsFBiNa',
  scrypt: '$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8',
  "passlib's PBKDF2":
    '$pbkdf2-sha256$29000$.vv8/f7/.vv8/f7/.vv8/Q$KfXHrnebFY9DgagFD.yfyzO/Q.OG3RqYR4YvGVcVQuA',
  "PHC's PBKDF2":
    '$pbkdf2-sha512$i=25000,l=64$AAECAwQFBgcICQoLDA0ODw$Eg0Mk93hSCKTNDTT755F1rAKbWsV8PFg6FJZ47XUM739UmWNhvhwHSOdWT+vjaDlC7U+rRRTf21fAAcW5XeH3Q',
  "Django's PBKDF2": 'pbkdf2_sha256$60000$kx3wYh0Vs2vB$pOvBek4eiLm59YdhnIjatYsNHsAqQOQDA06hsa4laEs=',
}

for (const [name, stored] of Object.entries(imported)) {
  test(`a password from another system is right and any other is wrong: ${name}`, async () => {
    assert.equal(await verifyPassword(password, stored), true)
    assert.equal(await verifyPassword(`${password}.`, stored), false)
    assert.equal(await verifyPassword('', stored), false)
  })
}

test('a new hash is argon2id with its own salt, right for its password alone', async () => {
  const [one, other] = await Promise.all([hashPassword(password), hashPassword(password)])
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(one, other)
  assert.equal(await verifyPassword(password, one), true)
  assert.equal(await verifyPassword('correct horse batter', one), false)
})

test('no password is right where another system checks it, or where the hash cannot be read', async () => {
  for (const stored of ['', '$', 'plain', '$1$abc$def', password])
    for (const attempt of ['', password, stored]) assert.equal(await verifyPassword(attempt, stored), false)
})

test('what is weaker than our own hashes is to be upgraded, and what is not is left', async () => {
  const { 'argon2id of other costs': stronger, ...weaker } = imported
  for (const stored of Object.values(weaker)) assert.equal(needsUpgrade(stored), true)
  assert.equal(
    needsUpgrade(
      '$argon2id$v=19$m=4096,t=3,p=1$SVRoak53bmNhdTBUWFIwTQ$aedXQjLFc386xCQgzETTMpqAEqjm+gMEFhOZxp+io4s',
    ),
    true,
  )
  assert.equal(needsUpgrade(stronger), false)
  assert.equal(needsUpgrade(await hashPassword(password)), false)
})

test('bcrypt overlooks what is behind 72 bytes, and says so', () => {
  const { 'bcrypt $2b$': bcrypt, scrypt } = imported
  assert.equal(isWholePasswordChecked('é'.repeat(36), bcrypt), true)
  assert.equal(isWholePasswordChecked(`${'é'.repeat(36)}x`, bcrypt), false)
  assert.equal(isWholePasswordChecked('é'.repeat(100), scrypt), true)
})

test('84: a hash that would take the time or the memory of the machine is not read', () => {
  const bytes = 'AAECAwQFBgcICQoLDA0ODw'
  const digest = 'A'.repeat(43)
  const costly = [
    `$argon2id$v=19$m=4194304,t=1,p=1$${bytes}$${digest}`,
    `$argon2id$v=19$m=8,t=4294967295,p=1$${bytes}$${digest}`,
    `$argon2id$v=19$m=65536,t=1,p=255$${bytes}$${digest}`,
    `$scrypt$ln=31,r=8,p=1$${bytes}$${digest}`,
    `$scrypt$ln=1,r=8,p=4000000$${bytes}$${digest}`,
    `$scrypt$ln=99999,r=8,p=1$${bytes}$${digest}`,
    `$pbkdf2-sha256$4000000000$${bytes}$${digest}`,
    `pbkdf2_sha256$4000000000$salt$${digest}=`,
    '$2b$31$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.',
  ]
  for (const stored of costly) {
    const read = readPasswordHash(stored)
    assert.ok('problem' in read && read.problem.includes('costs more'), stored)
  }
})

test('a hash that is broken is not read, and what is wrong with it says nothing of it', () => {
  const bytes = 'AAECAwQFBgcICQoLDA0ODw'
  const digest = 'A'.repeat(43)
  const broken = [
    '',
    password,
    `$argon2d$v=19$m=19456,t=2,p=1$${bytes}$${digest}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${bytes}$${digest}`,
    `$argon2id$v=19$m=19456,t=0,p=1$${bytes}$${digest}`,
    `$argon2id$v=19$m=7,t=1,p=1$${bytes}$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$AA$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${bytes}$AAAA`,
    `$argon2id$v=19$m=19456,t=2,p=1$${bytes}$${digest}$x`,
    `$scrypt$ln=14,r=0,p=1$${bytes}$${digest}`,
    `$scrypt$ln=0,r=8,p=1$${bytes}$${digest}`,
    `$pbkdf2-sha256$0$${bytes}$${digest}`,
    `$pbkdf2-sha512$25000$${bytes}$${digest}`,
    `$pbkdf2-sha1$25000$${bytes}$${digest}`,
    '$2b$03$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.',
    '$2b$06$short',
    'x'.repeat(10_000),
  ]
  for (const stored of broken) {
    const read = readPasswordHash(stored)
    assert.ok('problem' in read, stored)
    if (stored !== '') assert.ok(!read.problem.includes(stored))
  }
})

test('84: a password of a megabyte is refused without being hashed', async () => {
  const stored = await hashPassword(password)
  const cpuOf = async (attempt: string) => {
    const before = process.cpuUsage()
    for (let index = 0; index < 10; index++) assert.equal(await verifyPassword(attempt, stored), false)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  await cpuOf('warm up')
  assert.ok((await cpuOf('x'.repeat(2 ** 20))) * 10 < (await cpuOf('wrong')))
  const longest = 'x'.repeat(maxPasswordLength)
  assert.equal(await verifyPassword(longest, await hashPassword(longest)), true)
})

test('84: hashing and checking share one queue, and what does not fit is refused with 503', async () => {
  const stored = await hashPassword(password)
  const jobs = Array.from({ length: 2 * maxWaitingPasswords }, (_, index) =>
    index % 2 ? hashPassword(password) : verifyPassword(password, stored),
  )
  const refused = (await Promise.allSettled(jobs)).filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0 && refused.length < maxWaitingPasswords)
  for (const outcome of refused) {
    assert.ok(outcome.status === 'rejected' && outcome.reason instanceof OAuthError)
    assert.equal(outcome.reason.status, 503)
    assert.ok(outcome.reason.headers['retry-after'])
  }
})

test('84: while passwords are checked the event loop turns: argon2id, and bcrypt in JavaScript', async () => {
  const slowBcrypt = '$2b$11$abcdefghijklmnopqrstuu50eFBEC8vQwBnuFXMHE45jBnqvQ8xz.'
  for (const stored of [imported['argon2id of other costs'], slowBcrypt]) {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await verifyPassword(password, stored)
    clearInterval(timer)
    assert.ok(turns >= 5, `${turns} turns`)
  }
})

test('84: hashes of other systems wait in a queue of their own, and hold up nobody else', async () => {
  const own = await hashPassword(password)
  // Together they take some twenty times as long as one of ours, however busy the machine is.
  const slowBcrypt = imported['bcrypt $2b$'].replace('$06$', '$07$')
  // Both threads are there: neither has to start.
  await Promise.all([verifyPassword('wrong', slowBcrypt), verifyPassword('wrong', own)])
  const foreign = Array.from({ length: 2 * maxWaitingForeignPasswords }, () =>
    verifyPassword('wrong', slowBcrypt),
  )
  const settled = Promise.allSettled(foreign)
  let isForeignDone = false
  void settled.then(() => {
    isForeignDone = true
  })
  assert.equal(await verifyPassword(password, own), true)
  assert.equal(isForeignDone, false)
  const refused = (await settled).filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, maxWaitingForeignPasswords - 1)
})

test('an accent is the same however a keyboard writes it, also where another system hashed it as it came', async () => {
  const composed = 'caf\u00e9 au lait'
  const decomposed = 'cafe\u0301 au lait'
  for (const chosen of [composed, decomposed])
    for (const typed of [composed, decomposed])
      assert.equal(await verifyPassword(typed, await hashPassword(chosen)), true)
  const asItCame = await bcryptHash(decomposed, 4)
  assert.equal(await verifyPassword(decomposed, asItCame), true)
})

/*
 * The forms in which a password's hash is kept: our own argon2id, and those that come from other systems. Each says what
 * it costs to check, and that is bounded: a hash that somebody else wrote must not take the machine's time or memory.
 */

/** The longest text that is read as a hash, in characters. */
const maxHashLength = 512
/** Argon2: memory in KiB and passes over it. Libraries' defaults are at most 64 MiB and 4. */
export const maxArgon2MemoryKiB = 65_536
export const maxArgon2Passes = 10
const maxArgon2Lanes = 8
/** Scrypt: N × r × p, which is 128 bytes of work each; OWASP's largest advice, N = 2^17 and r = 8, and 128 MiB. */
export const maxScryptCost = 2 ** 20
/** PBKDF2: Django is at 1,200,000 and raises it every year. */
export const maxPbkdf2Iterations = 2_000_000
/** Bcrypt: 2^14 rounds take seconds in JavaScript already; libraries' defaults are 10 to 12. */
export const maxBcryptCost = 14
const minBcryptCost = 4

/** Bytes of a salt and a digest: shorter ones can be guessed, longer ones only cost. */
const saltBytes = { min: 4, max: 128 }
const digestBytes = { min: 16, max: 64 }
const minArgon2SaltBytes = 8

export type PasswordHash =
  | {
      kind: 'argon2'
      algorithm: 'argon2i' | 'argon2id'
      memoryKiB: number
      passes: number
      lanes: number
      salt: Buffer
      digest: Buffer
    }
  | { kind: 'scrypt'; cost: number; blockSize: number; parallelization: number; salt: Buffer; digest: Buffer }
  | { kind: 'pbkdf2'; algorithm: 'sha256' | 'sha512'; iterations: number; salt: Buffer; digest: Buffer }
  | { kind: 'bcrypt'; text: string }

/** A hash, or in words what is wrong with it. The words hold nothing of it. */
export type ReadHash = { hash: PasswordHash } | { problem: string }

const forms: readonly (readonly [RegExp, (groups: Groups) => ReadHash])[] = [
  [
    /^\$(?<algorithm>argon2id?)\$v=19\$m=(?<memory>\d+),t=(?<passes>\d+),p=(?<lanes>\d+)\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    readArgon2,
  ],
  [/^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/, readBcrypt],
  [
    /^\$scrypt\$ln=(?<exponent>\d+),r=(?<blockSize>\d+),p=(?<parallelization>\d+)\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    readScrypt,
  ],
  // PHC's form, and the shorter one of Python's passlib.
  [
    /^\$pbkdf2-(?<algorithm>sha256|sha512)\$(?:i=)?(?<iterations>\d+)(?:,l=\d+)?\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    readPbkdf2,
  ],
  // Django's: the salt is a text, the digest has its padding.
  [/^pbkdf2_(?<algorithm>sha256)\$(?<iterations>\d+)\$(?<saltText>[^$]+)\$(?<digest>[^$]+)$/, readPbkdf2],
]

/** Reads a hash in any of the forms that are taken, with its costs within the limits. */
export function readPasswordHash(text: string): ReadHash {
  if (text.length > maxHashLength) return { problem: `a hash has ${maxHashLength} characters at most` }
  for (const [form, read] of forms) {
    const match = form.exec(text)
    if (match) return read({ text, ...match.groups })
  }
  return {
    problem:
      'its form is not known: argon2id, bcrypt, scrypt (PHC), PBKDF2-SHA-256 and -SHA-512 (PHC, passlib, Django) are taken',
  }
}

type Groups = { text: string } & { [name: string]: string }

function readArgon2({ algorithm, memory, passes, lanes, ...rest }: Groups): ReadHash {
  const costs = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  const { salt, digest } = readBytes(rest)
  const isBounded =
    costs.memoryKiB <= maxArgon2MemoryKiB && costs.passes <= maxArgon2Passes && costs.lanes <= maxArgon2Lanes
  if (!isBounded) return tooCostly(`m=${maxArgon2MemoryKiB}, t=${maxArgon2Passes}, p=${maxArgon2Lanes}`)
  // RFC 9106 §3.1: a pass and a lane at least, and eight blocks of memory for each lane.
  const isPossible = costs.passes > 0 && costs.lanes > 0 && costs.memoryKiB >= 8 * costs.lanes
  if (!isPossible || !salt || salt.length < minArgon2SaltBytes || !digest) return malformed
  return { hash: { kind: 'argon2', algorithm: algorithm as 'argon2i' | 'argon2id', ...costs, salt, digest } }
}

function readBcrypt({ text, cost }: Groups): ReadHash {
  if (Number(cost) > maxBcryptCost) return tooCostly(`a cost of ${maxBcryptCost}`)
  return Number(cost) < minBcryptCost ? malformed : { hash: { kind: 'bcrypt', text } }
}

function readScrypt({ exponent, blockSize, parallelization, ...rest }: Groups): ReadHash {
  const costs = {
    cost: 2 ** Number(exponent),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
  }
  const work = costs.cost * costs.blockSize * costs.parallelization
  if (!(work <= maxScryptCost)) return tooCostly('N × r × p = 2^20')
  const { salt, digest } = readBytes(rest)
  if (work === 0 || costs.cost < 2 || !salt || !digest) return malformed
  return { hash: { kind: 'scrypt', ...costs, salt, digest } }
}

function readPbkdf2({ algorithm, iterations, ...rest }: Groups): ReadHash {
  if (Number(iterations) > maxPbkdf2Iterations) return tooCostly(`${maxPbkdf2Iterations} iterations`)
  const { salt, digest } = readBytes(rest)
  // A longer digest would take as many times the work.
  const length = algorithm === 'sha256' ? 32 : 64
  if (Number(iterations) === 0 || !salt || digest?.length !== length) return malformed
  return {
    hash: {
      kind: 'pbkdf2',
      algorithm: algorithm as 'sha256' | 'sha512',
      iterations: Number(iterations),
      salt,
      digest,
    },
  }
}

function readBytes({ salt, saltText, digest = '' }: Omit<Groups, 'text'>) {
  return {
    salt: within(saltText === undefined ? decode(salt ?? '') : Buffer.from(saltText), saltBytes),
    digest: within(decode(digest), digestBytes),
  }
}

const within = (bytes: Buffer | undefined, { min, max }: { min: number; max: number }) =>
  bytes && bytes.length >= min && bytes.length <= max ? bytes : undefined

/** Base64 with or without padding, also with passlib's `.` in place of `+`. */
function decode(text: string): Buffer | undefined {
  const plain = text.replaceAll('.', '+')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(plain) ? Buffer.from(plain, 'base64') : undefined
}

const malformed: ReadHash = { problem: 'its costs, salt or digest cannot be read' }

const tooCostly = (limit: string): ReadHash => ({
  problem: `it costs more to check than is taken: ${limit} at most`,
})

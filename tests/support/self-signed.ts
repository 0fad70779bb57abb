import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A certificate that nobody vouches for but itself, for an address of this machine, and its key: both PEM. For a day. */
export function selfSigned(address: string): { key: string; cert: string } {
  if (!isIPv4(address)) throw new TypeError(`give an IPv4 address, and not ${address}`)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const name = der(0x30, der(0x31, der(0x30, commonName, der(0x0c, Buffer.from(address)))))
  const subjectPublicKeyInfo = publicKey.export({ type: 'spki', format: 'der' })
  // RFC 5280 §4.1.2: version 3, serial number, algorithm, issuer, validity, subject, key, extensions.
  const certificate = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    der(0x30, ed25519),
    name,
    der(0x30, time(Date.now() - dayMs), time(Date.now() + dayMs)),
    name,
    subjectPublicKeyInfo,
    der(0xa3, der(0x30, alternativeName(address))),
  )
  const signature = der(0x03, Buffer.of(0), sign(null, certificate, privateKey))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(der(0x30, certificate, der(0x30, ed25519), signature)),
  }
}

const dayMs = 86_400_000

/** Of X.690: a tag, a length below 65,536, and what is in it. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

/** 1.3.101.112, 2.5.4.3 and 2.5.29.17. */
const ed25519 = der(0x06, Buffer.of(43, 101, 112))
const commonName = der(0x06, Buffer.of(85, 4, 3))
const subjectAltName = der(0x06, Buffer.of(85, 29, 17))

function alternativeName(address: string): Buffer {
  const octets = Buffer.from(address.split('.').map(Number))
  return der(0x30, subjectAltName, der(0x04, der(0x30, der(0x87, octets))))
}

/** A UTCTime, as 261231235959Z. */
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`

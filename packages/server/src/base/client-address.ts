import { BlockList, isIP } from 'node:net'

/** Addresses of `X-Forwarded-For` that are looked at, from the right: those that proxies nearby wrote. */
const maxForwarded = 20

/** Says where a request came from. @param remoteAddress of the connection; empty where whoever listens did not say */
export type AddressOf = (request: Request, remoteAddress: string) => string

/**
 * Believes `X-Forwarded-For` as far as trusted proxies wrote it: read from the right, the first address that is not one
 * of theirs is the client's.
 *
 * @param trustedProxies addresses, or ranges in CIDR notation.
 */
export function createAddressOf(trustedProxies: readonly string[]): AddressOf {
  if (trustedProxies.length === 0) return (_, remoteAddress) => plain(remoteAddress)
  const trusted = new BlockList()
  for (const range of trustedProxies) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(bits), family)
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (request, remoteAddress) => {
    let address = plain(remoteAddress)
    const forwarded = (request.headers.get('x-forwarded-for') ?? '').split(',').slice(-maxForwarded).reverse()
    for (const entry of forwarded) {
      if (!isTrusted(address)) return address
      const next = plain(entry.trim())
      if (isIP(next) === 0) return address
      address = next
    }
    return address
  }
}

/** Without a port, and an IPv4 address as itself where it comes mapped into IPv6 (RFC 4291 §2.5.5.2). */
function plain(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped ?? address
}

import { sha256 } from '../base/hash.ts'

/** The longest `Cookie` header that is looked at, in characters. */
const maxCookieHeaderLength = 16_384

/** Our cookies of one issuer. */
export interface CookieJar {
  /** A cookie's value. One that is there twice says nothing: somebody else may have set the other. */
  read(request: Request, name: string): string | undefined
  /** A `Set-Cookie` value. */
  write(name: string, value: string, lifetimeSeconds: number): string
  /** The `Set-Cookie` value that removes one. */
  clear(name: string): string
}

/**
 * On https the prefix `__Host-` keeps other hosts from setting our cookies (RFC 6265bis §4.1.3.2). On http, which is
 * loopback only, browsers refuse that prefix. They tell neither ports nor, under `Path=/`, paths apart, so the name does:
 * two issuers of one host leave each other's cookies alone.
 */
export function cookieJarOf(issuer: string): CookieJar {
  const isSecure = new URL(issuer).protocol === 'https:'
  const whose = whoseOf(issuer)
  const nameOf = (name: string) => `${isSecure ? '__Host-' : ''}latchkey_${name}${whose}`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  const write = (name: string, value: string, lifetimeSeconds: number) =>
    `${nameOf(name)}=${value}; Max-Age=${lifetimeSeconds}; ${attributes}`
  return {
    read: (request, name) => readCookie(request.headers.get('cookie') ?? '', nameOf(name)),
    write,
    clear: (name) => write(name, '', 0),
  }
}

/** The port where it is not the usual one of https, and a short hash of the issuer's path where it has one. */
function whoseOf(issuer: string): string {
  const { protocol, port, pathname } = new URL(issuer)
  const usualPort = protocol === 'https:' ? '' : '80'
  const path = pathname.replace(/\/$/, '')
  const parts = [port || usualPort, path && sha256(path).slice(0, 8)]
  return parts.map((part) => part && `_${part}`).join('')
}

function readCookie(header: string, name: string): string | undefined {
  if (header.length > maxCookieHeaderLength) return undefined
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}

import { sha256 } from './hash.ts'

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const verifier = /^[A-Za-z0-9\-._~]{43,128}$/

/** RFC 7636 §4.2: the base64url of a SHA-256 has 43 characters. */
const challenge = /^[A-Za-z0-9_-]{43}$/

/** Whether a text may be a `code_verifier`. */
export const isCodeVerifier = (text: string): boolean => verifier.test(text)

/** Whether a text may be a `code_challenge` by S256. */
export const isCodeChallenge = (text: string): boolean => challenge.test(text)

/** The S256 challenge of a verifier (RFC 7636 §4.2). */
export const challengeOf = (codeVerifier: string): string => sha256(codeVerifier)

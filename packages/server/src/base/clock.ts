/** Whole seconds since 1970-01-01T00:00:00Z, as `exp` and `iat` count them (RFC 7519 §2, NumericDate). */
export type UnixSeconds = number

/** Tells the time. Injected wherever time matters, so that a test can hold it still. */
export type Clock = () => UnixSeconds

/** The system's clock. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000)

const secondsIn = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/**
 * Reads a duration with its unit: `'2s'`, `'15m'`, `'1h'`, `'90d'`.
 *
 * @returns whole seconds, or `undefined` when the text is not such a duration.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text)
  return match ? Number(match[1]) * secondsIn[match[2] as keyof typeof secondsIn] : undefined
}

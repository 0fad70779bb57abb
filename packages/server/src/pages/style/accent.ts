/** The contrast that text needs against what it stands on (WCAG 2.2, 1.4.3). */
export const minTextContrast = 4.5

/** On a dark ground a colour is as lively as on a light one only when it is brighter than it must be. */
const wantedContrast = { light: minTextContrast, dark: 6.5 }

/** What a button's area needs to be seen against the page; its words say that it is one (WCAG 2.2, 1.4.11). */
const minButtonContrast = 1.4

const buttonTexts = ['#ffffff', '#101216']

/** How much of the accent is in the ground of what is marked by it. */
const tint = { light: 0.1, dark: 0.2 }

/** The grounds that text in the accent stands on; they are those of the tokens. */
export const grounds = {
  light: { ground: '#ffffff', surface: '#f6f7f9', away: '#000000' },
  dark: { ground: '#101216', surface: '#181b21', away: '#ffffff' },
} as const

export type Ground = keyof typeof grounds

/** What an owner's colour becomes on one ground. */
export interface Accent {
  /** For text, lines and focus. */
  accent: string
  /** A tint behind text. */
  accentGround: string
  /** For text on the accent. */
  onAccent: string
  /** For the one button that goes on. */
  button: string
  onButton: string
}

/**
 * The owner's colour, moved away from the ground in small steps until it can be read: on the ground, on its own tint, and
 * under the text of a button.
 */
export function accentOn(ground: Ground, wanted: string): Accent {
  const { ground: color, surface, away } = grounds[ground]
  for (let share = 0; share < 1; share += 0.02) {
    const accent = mix(wanted, away, share)
    const accentGround = mix(color, accent, tint[ground])
    const isReadable = [color, surface, accentGround].every(
      (under) => contrast(accent, under) >= wantedContrast[ground],
    )
    if (isReadable) return { accent, accentGround, onAccent: color, ...buttonOn(ground, wanted, accent) }
  }
  return { accent: away, accentGround: surface, onAccent: color, button: away, onButton: color }
}

/** A button is the owner's very colour where it stands out and its text can be read: a yellow need not become brown. */
function buttonOn(ground: Ground, wanted: string, accent: string): Pick<Accent, 'button' | 'onButton'> {
  const { ground: color } = grounds[ground]
  const onButton = buttonTexts.find((text) => contrast(text, wanted) >= minTextContrast)
  const isSeen = contrast(wanted, color) >= minButtonContrast
  return isSeen && onButton ? { button: wanted, onButton } : { button: accent, onButton: color }
}

/** What owners get who name no colour. */
const ownAccents: Record<Ground, Accent> = {
  light: {
    accent: '#3a45c4',
    accentGround: '#eceeff',
    onAccent: '#ffffff',
    button: '#3a45c4',
    onButton: '#ffffff',
  },
  dark: {
    accent: '#a5b0ff',
    accentGround: '#262b52',
    onAccent: '#101216',
    button: '#a5b0ff',
    onButton: '#101216',
  },
}

/** The accent's custom properties, for light and dark. @param wanted the owner's colour, as `#3a45c4` */
export function accentTokens(wanted: string | undefined): string {
  const { light, dark } = wanted
    ? { light: accentOn('light', wanted), dark: accentOn('dark', wanted) }
    : ownAccents
  return `
:root {
  --accent: light-dark(${light.accent}, ${dark.accent});
  --accent-ground: light-dark(${light.accentGround}, ${dark.accentGround});
  --on-accent: light-dark(${light.onAccent}, ${dark.onAccent});
  --button: light-dark(${light.button}, ${dark.button});
  --on-button: light-dark(${light.onButton}, ${dark.onButton});
}
`
}

/** From 1 (the same) to 21 (black on white), as WCAG 2.2 defines the contrast ratio. */
export function contrast(left: string, right: string): number {
  const [darker = 0, lighter = 0] = [luminance(left), luminance(right)].sort((one, other) => one - other)
  return (lighter + 0.05) / (darker + 0.05)
}

/** @param share of the second colour, 0 to 1 */
function mix(from: string, to: string, share: number): string {
  const other = channels(to)
  const mixed = channels(from).map((channel, index) =>
    Math.round(channel + ((other[index] ?? 0) - channel) * share),
  )
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const channels = (color: string): number[] =>
  [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16))

/** The path of a URL. */
export const pathOf = (url: string): string => new URL(url).pathname

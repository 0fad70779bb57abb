/** How the answer travels: in the redirect's query, or in a form that the browser posts. */
export type ResponseMode = 'query' | 'form_post'

/** The response mode of that name, if this server has it. */
export const readResponseMode = (name: string | undefined): ResponseMode | undefined =>
  name === 'query' || name === 'form_post' ? name : undefined

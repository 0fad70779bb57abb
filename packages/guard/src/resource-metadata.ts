/** What an API says about itself (RFC 9728 §2), so that a client finds the server that gives its tokens. */
export interface ResourceMetadata {
  /** The API's own URL: what a client asks a token for. */
  readonly resource: string
  readonly authorization_servers?: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported?: readonly ('header' | 'body' | 'query')[]
  /** A page for developers. */
  readonly resource_documentation?: string
  readonly resource_name?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
}

/** The members that an owner may set. */
export const resourceMetadataMembers = [
  'resource',
  'authorization_servers',
  'scopes_supported',
  'bearer_methods_supported',
  'resource_documentation',
  'resource_name',
  'resource_policy_uri',
  'resource_tos_uri',
] as const satisfies readonly (keyof ResourceMetadata)[]

/** What an adapter needs in order to serve the document. */
export interface PublishedMetadata {
  /** Absolute, from the root of the host. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

/** The document as it is served: anyone may read it, from any page. @throws Error when the API has no URL. */
export function publishMetadata(guard: {
  resourceMetadata(): ResourceMetadata
  readonly resourceMetadataUrl: string | undefined
}): PublishedMetadata {
  const body = JSON.stringify(guard.resourceMetadata())
  const { pathname } = new URL(guard.resourceMetadataUrl ?? '')
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'public, max-age=300',
    'access-control-allow-origin': '*',
  }
  return { path: pathname, headers, body }
}

/** Where the document of a resource is (RFC 9728 §3): the well-known part goes before the resource's path. */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}

/** Whether a text can be a resource with a document: an http or https URL without a fragment. */
export function isResourceUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !text.includes('#')
}

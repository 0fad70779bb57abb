/** What the tests use of a package that brings no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  interface Model {
    save(): Promise<string>
  }

  interface Grant extends Model {
    addOIDCScope(scope: string): void
  }

  type ModelClass<Instance extends Model = Model> = new (members: Record<string, unknown>) => Instance

  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): RequestListener
    readonly Client: { find(id: string): Promise<{ clientId: string } | undefined> }
    readonly Grant: ModelClass<Grant>
    readonly AuthorizationCode: ModelClass
    readonly RefreshToken: ModelClass
    on(event: string, listener: (...words: unknown[]) => void): void
  }
}

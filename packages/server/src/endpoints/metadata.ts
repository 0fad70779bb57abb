import type { Handler } from '../base/handler.ts'
import { languages } from '../base/language.ts'
import type { Config } from '../config/config.ts'
import type { EndpointUrls } from '../config/endpoint-urls.ts'
import { grantTypesOf } from '../grants/grants.ts'
import { publicResponse } from './endpoint.ts'

/** How long the metadata may be kept, in seconds. */
const metadataMaxAgeSeconds = 300

/** RFC 8414: where everything is and what it can do. */
export function metadataEndpoint(config: Config, urls: EndpointUrls): Handler {
  const withSecret = ['client_secret_basic', 'client_secret_post']
  const metadata = {
    issuer: config.issuer,
    authorization_endpoint: urls.authorization,
    authorization_response_iss_parameter_supported: true,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    token_endpoint: urls.token,
    token_endpoint_auth_methods_supported: [...withSecret, 'none'],
    grant_types_supported: grantTypesOf(config),
    scopes_supported: Object.keys(config.scopes),
    revocation_endpoint: urls.revocation,
    revocation_endpoint_auth_methods_supported: [...withSecret, 'none'],
    introspection_endpoint: urls.introspection,
    introspection_endpoint_auth_methods_supported: withSecret,
    jwks_uri: urls.jwks,
    service_documentation: urls.docs,
    ui_locales_supported: languages,
    latchkey_revocations_endpoint: urls.revocations,
    latchkey_verification_keys_endpoint: urls.verificationKeys,
  }
  return (_, exchange) => publicResponse(metadata, metadataMaxAgeSeconds, exchange)
}

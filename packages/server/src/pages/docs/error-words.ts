import type { RefusalBody } from '@latchkey/guard'
import type { OAuthErrorCode } from '../../base/oauth-error.ts'

/** An error in plain words. */
export interface ErrorWords {
  means: string
  whatToDo: string
}

/** What the server answers with. */
export const serverErrorWords: Record<OAuthErrorCode, ErrorWords> = {
  invalid_request: {
    means:
      'The request is not complete or not clear: something is missing, given twice, too large (413) or in a form that is not taken here (415).',
    whatToDo:
      'Read what the answer says: it names the part. Compare your request with the example on this page; most often the body is sent as JSON where a form is expected, or the other way round.',
  },
  invalid_client: {
    means: 'The server does not know your app by this client id and secret.',
    whatToDo:
      'Check both for a missing character or a space at the end. Check that this is the server the secret is for. If the secret was replaced, use the new one.',
  },
  invalid_grant: {
    means:
      'What you wanted to exchange for a token is not good any more: it has expired, was used already, or belongs to another app.',
    whatToDo: 'Start again from step 1. Trying the same thing a second time cannot help.',
  },
  invalid_scope: {
    means: 'You asked for a scope that does not exist, or that your app was not given.',
    whatToDo:
      'Leave the scope out to get all that your app may have, or ask the people who run the API for more.',
  },
  invalid_target: {
    means: 'You asked for a token for a resource that this server does not speak for.',
    whatToDo: 'Leave the parameter resource out, or send one that you were given.',
  },
  unauthorized_client: {
    means: 'Your app is known, and may not get a token in this way.',
    whatToDo:
      'Use the way that your app was registered for. If you need another, ask the people who run the API.',
  },
  unsupported_grant_type: {
    means: 'This server does not know the grant type that you sent.',
    whatToDo: 'Send the one in the example of step 1, spelled exactly so.',
  },
  unsupported_token_type: {
    means: 'This kind of token cannot be ended here.',
    whatToDo: 'Send the access token that you got in step 1. Any other token ends when its time is up.',
  },
  unsupported_response_type: {
    means: 'The address that people were sent to asks for something other than a code.',
    whatToDo: 'Send response_type=code.',
  },
  access_denied: {
    means: 'The person, or what they may allow, said no.',
    whatToDo: 'Tell them what your app cannot do without it, and let them try again when they want to.',
  },
  login_required: {
    means: 'You asked that nothing be shown (prompt=none), and nobody is signed in.',
    whatToDo: 'Send the person again without prompt=none.',
  },
  account_selection_required: {
    means: 'You asked that nothing be shown (prompt=none), and several people are signed in.',
    whatToDo: 'Send the person again without prompt=none.',
  },
  consent_required: {
    means: 'You asked that nothing be shown (prompt=none), and the person has not allowed your app this yet.',
    whatToDo: 'Send the person again without prompt=none.',
  },
  interaction_required: {
    means: 'You asked that nothing be shown (prompt=none), and something has to be.',
    whatToDo: 'Send the person again without prompt=none.',
  },
  too_many_requests: {
    means: 'There were too many attempts, and nobody looked at this one.',
    whatToDo: 'Wait for as many seconds as the header Retry-After says, then try again.',
  },
  not_found: {
    means: 'There is nothing at this path.',
    whatToDo: 'Compare it with the endpoints above, letter by letter.',
  },
  method_not_allowed: {
    means: 'The path is right, the method is not.',
    whatToDo:
      'Use the method in the header Allow. If you did, something on the way, often a redirect from http to https, turned your POST into a GET: use the https address.',
  },
  server_error: {
    means: 'The server failed. It is not your fault.',
    whatToDo: 'Try again in a moment. If it stays, send the x-request-id to the people who run the API.',
  },
  temporarily_unavailable: {
    means:
      'The server, or what it depends on, cannot answer just now. Your token and your credentials are still good.',
    whatToDo:
      'Wait for as many seconds as the header Retry-After says and send the same request again. Do not get a new token for this.',
  },
}

/** What an API answers with besides: the body's `error`, and `WWW-Authenticate` (RFC 6750 §3). */
export const guardErrorWords: Record<
  Exclude<RefusalBody['error'], OAuthErrorCode>,
  ErrorWords & { status: number }
> = {
  unauthorized: {
    status: 401,
    means: 'The request carried no token.',
    whatToDo:
      'Send it as in step 2. If you did, something between you and the API, often a redirect to another host, took the header away.',
  },
  invalid_token: {
    status: 401,
    means: 'The token has expired, was ended, is damaged, or is for another API.',
    whatToDo:
      'Get a new token and try once more. If the new one is refused too, check that you send it whole, and to the API that it is for.',
  },
  insufficient_scope: {
    status: 403,
    means: 'The token is good, and does not allow this request.',
    whatToDo:
      'The member scope of the answer names all that the request needs. Get a token with these scopes. If your app may not have them, ask the people who run the API.',
  },
}

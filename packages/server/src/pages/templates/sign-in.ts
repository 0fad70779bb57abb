import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { Look } from '../look.ts'
import { personalPage } from './page.ts'
import { field, formTokenField, hiddenField, nothing, notice, person } from './parts.ts'

export interface SignInProps {
  /** Where the form goes. */
  action: string
  formToken: string
  /** What is in the field already. */
  username?: string | undefined
  error?: 'wrong' | 'throttled' | undefined
  /** With `throttled`. */
  retryAfterSeconds?: number | undefined
  notice?: 'form_expired' | 'no_cookie' | 'password_changed' | 'account_ready' | 'sign_in_again' | undefined
  /** The app that a person came from. */
  appName?: string | undefined
  signUpUrl?: string | undefined
  resetPasswordUrl?: string | undefined
  /** Where those who are signed in already can choose. */
  chooserUrl?: string | undefined
  /** People that `latchkey dev` shows. */
  demoUsers: readonly DemoPerson[]
}

interface DemoPerson {
  username: string
  password: string
  name: string
}

/** A person says who they are. The form posts `form_token`, `username` and `password`. */
export function signInTemplate(props: SignInProps, look: Look): Html {
  const { words } = look
  const content = html`<div class="page-title">
<h1>${words.signIn.title}</h1>
${props.appName ? html`<p class="lead">${words.continueTo(props.appName)}</p>` : ''}
</div>
${message(props, look)}
${form(props, look)}
${ways(props, look)}
${props.demoUsers.length > 0 ? demo(props, look) : ''}`
  return personalPage({ title: words.signIn.title, hasError: props.error !== undefined, content }, look)
}

function message({ error, retryAfterSeconds, notice: told }: SignInProps, { words }: Look): Html {
  if (error === 'wrong') return notice('wrong', words.signIn.wrong, 'sign-in-error')
  if (error === 'throttled') {
    const wait = retryAfterSeconds === undefined ? undefined : words.duration(retryAfterSeconds)
    return notice('wrong', words.throttled(wait))
  }
  if (told === 'password_changed' || told === 'account_ready')
    return notice('done', words.signIn.notices[told])
  return told ? notice('info', words.signIn.notices[told]) : nothing
}

/** Which of the two is wrong is not said, so both are marked. */
function form({ action, formToken, username, error }: SignInProps, { words }: Look): Html {
  const errorId = error === 'wrong' ? 'sign-in-error' : undefined
  return html`<form class="form" method="post" action="${action}">
${formTokenField(formToken)}
${field({
  name: 'username',
  label: words.fields.username,
  type: 'text',
  autocomplete: 'username',
  value: username,
  errorId,
  hasFocus: !username,
})}
${field({
  name: 'password',
  label: words.fields.password,
  type: 'password',
  autocomplete: 'current-password',
  errorId,
  hasFocus: Boolean(username),
})}
<button class="button button-primary">${words.signIn.submit}</button>
</form>`
}

function ways({ signUpUrl, resetPasswordUrl, chooserUrl }: SignInProps, { words }: Look): Html {
  if (!signUpUrl && !resetPasswordUrl && !chooserUrl) return nothing
  return html`<ul class="ways">
${resetPasswordUrl ? html`<li><a href="${resetPasswordUrl}">${words.signIn.forgotPassword}</a></li>` : ''}
${signUpUrl ? html`<li><span>${words.signIn.signUpQuestion}</span> <a href="${signUpUrl}">${words.signIn.signUp}</a></li>` : ''}
${chooserUrl ? html`<li><a href="${chooserUrl}">${words.signIn.chooser}</a></li>` : ''}
</ul>`
}

/** Each demo person is a form of their own, so that one press signs in. */
function demo({ action, formToken, demoUsers }: SignInProps, { words }: Look): Html {
  return html`<section class="demo" aria-labelledby="demo-title">
<h2 id="demo-title">${words.signIn.demoTitle}</h2>
<p class="quiet small">${words.signIn.demoHint}</p>
<ul class="rows">
${demoUsers.map(
  ({ name, username, password }) => html`<li><form class="row" method="post" action="${action}">
${formTokenField(formToken)}${hiddenField('username', username)}${hiddenField('password', password)}
${person({ name, username: `${username} / ${password}` })}
<button class="button button-small" aria-label="${words.signIn.demoSubmitAs(name)}">${words.signIn.demoSubmit}</button>
</form></li>`,
)}
</ul>
</section>`
}

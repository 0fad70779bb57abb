import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { linkLifetimeSeconds } from '../../packages/server/src/pages/mail-links.ts'
import { openPage, setVisitScene, signedIn } from '../attacks/visiting.ts'
import {
  addPerson,
  issueCode,
  password,
  redeem,
  registerCodeClient,
  tokensOf,
} from '../support/connection.ts'
import { askForMail, mailAfter, setMailScene, submit } from '../support/mailing.ts'
import { Person } from '../support/person.ts'
import { linkIn } from '../support/smtp.ts'

const newPassword = 'another password of the tests'

test('what happened is told once, and no link can say it', async () => {
  await using scene = await setVisitScene()
  const { urls, config } = scene.server.latchkey
  const { parts, app, john } = scene
  tokensOf(await redeem(urls.token, app, await issueCode(parts, app, john, { audience: config.audience })))
  const person = await signedIn(scene, john)
  const forged = await openPage(person, `${urls.account}?notice=disconnected`)
  assert.doesNotMatch(forged.text, /The app is disconnected/)
  const told = await submit(person, forged, {}, 'disconnect')
  assert.match(told.text, /The app is disconnected/)
  assert.doesNotMatch((await openPage(person, told.url)).text, /The app is disconnected/)
  const changed = await submit(person, await openPage(person, `${urls.account}/password`), {
    current_password: password,
    new_password: newPassword,
  })
  assert.match(changed.text, /Your password was changed/)
  assert.doesNotMatch((await openPage(person, changed.url)).text, /Your password was changed/)
})

test('sign-in tells of a new password once, to the browser that chose it', async () => {
  await using scene = await setMailScene()
  const { person, urls, mailServer, store } = scene
  const email = 'john.doe@example.com'
  await addPerson({ store, clock: systemClock }, { email })
  const link = linkIn(await mailAfter(mailServer, () => askForMail(person, urls.resetPassword, email)))
  const done = await submit(person, await openPage(person, link), { password: newPassword })
  assert.match(done.text, /Your password was changed/)
  for (const somebody of [person, new Person()]) {
    const page = await openPage(somebody, `${done.url}&notice=password_changed`)
    assert.doesNotMatch(page.text, /Your password was changed/)
  }
})

test('a browser that keeps no cookies is told that signing in needs them', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const page = await openPage(new Person(), urls.signIn)
  const fields = { username: scene.john.username, password }
  const refused = await submit(new Person(), page, fields)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /needs cookies/)
  const late = await submit(await signedIn(scene, scene.jane), page, fields)
  assert.match(late.text, /open for too long/)
})

test('whoever is signed in is not told that they are signed out', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const url = `${scene.server.url}/signed-out`
  assert.equal((await openPage(await signedIn(scene, scene.john), url)).url.href, urls.account)
  assert.match((await openPage(new Person(), url)).text, /You are signed out/)
})

test('each of several accounts leads to where it alone signs out', async () => {
  await using scene = await setVisitScene()
  const { urls } = scene.server.latchkey
  const { links } = await openPage(await signedIn(scene, scene.john, scene.jane), urls.account)
  for (const { id } of [scene.john, scene.jane])
    assert.ok(links.some(({ url }) => url.href === `${urls.signOut}?account=${id}`))
})

test('a waiting authorization request survives the mail to a known address and a link that no longer works', async () => {
  let now = systemClock()
  await using scene = await setMailScene({ clock: () => now })
  const { person, urls, mailServer, store } = scene
  const email = 'john.doe@example.com'
  await addPerson({ store, clock: systemClock }, { email })
  const app = await registerCodeClient({ store, clock: systemClock }, { name: 'The App' })
  const path = `${new URL(urls.authorization).pathname}?client_id=${app.id}`
  const query = `continue=${encodeURIComponent(path)}`
  const known = await mailAfter(mailServer, () => askForMail(person, `${urls.signUp}?${query}`, email))
  for (const url of [urls.signIn, urls.resetPassword]) assert.ok(known.text.includes(`${url}?${query}\n`))
  for (const [url, address] of [
    [urls.signUp, 'jane.black@example.com'],
    [urls.resetPassword, email],
  ] as const) {
    const ask = () => askForMail(person, `${url}?${query}`, address)
    const links = [linkIn(await mailAfter(mailServer, ask)), linkIn(await mailAfter(mailServer, ask))]
    const page = await openPage(person, links[0] ?? '')
    now += linkLifetimeSeconds[url === urls.signUp ? 'sign_up' : 'reset_password']
    const late = await submit(person, page, { name: 'Jane Black', password: newPassword })
    const opened = await openPage(person, links[1] ?? '')
    for (const expired of [late, opened]) {
      assert.equal(expired.status, 410)
      assert.ok(expired.links.some((link) => link.url.href === `${url}?${query}`))
    }
  }
})

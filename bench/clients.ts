import { parseArgs } from 'node:util'
import { axiosAuthRefresh } from './clients/contenders/axios-auth-refresh.ts'
import { badgateway } from './clients/contenders/badgateway.ts'
import { latchkey } from './clients/contenders/latchkey.ts'
import { openidClient } from './clients/contenders/openid-client.ts'
import { simpleOauth2 } from './clients/contenders/simple-oauth2.ts'
import { type Measured, measure, missed } from './clients/measure.ts'
import { markdown } from './clients/table.ts'

const { values: options } = parseArgs({ options: { assert: { type: 'boolean', default: false } } })

const own = await measure(latchkey)
const others: Measured[] = []
for (const contender of [badgateway, axiosAuthRefresh, simpleOauth2, openidClient]) {
  others.push(await measure(contender))
}
print(markdown([own, ...others]))
for (const target of missed(own)) {
  print(`\nMissed: ${target}`)
  if (options.assert) process.exitCode = 1
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

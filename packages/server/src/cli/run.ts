import { Command, Option } from 'commander'
import { RegistrationError } from '../clients/registration.ts'
import { ConfigError } from '../config/config.ts'
import { DialectError } from '../dialects/dialect.ts'
import { KeyRotationError } from '../keys/key-ring.ts'
import { SealError } from '../keys/seal.ts'
import { ListenError } from '../listen.ts'
import { PersonError } from '../people/registration.ts'
import { StoreUnavailable } from '../store/database.ts'
import { CommandError } from './command-error.ts'
import { complain } from './complain.ts'
import { configFileNames } from './config-file.ts'
import { version } from './version.ts'

/** Errors that say all there is to say in one line. Anything else is a fault of ours and shows its stack. */
const explained = [
  ConfigError,
  DialectError,
  StoreUnavailable,
  SealError,
  KeyRotationError,
  ListenError,
  RegistrationError,
  PersonError,
  CommandError,
]

/** Runs the command that the words name. An error is one clear line and exit code 1. */
export async function run(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endUnread)
  try {
    await createProgram().parseAsync(argv)
  } catch (error) {
    const isExplained = explained.some((kind) => error instanceof kind)
    if (isExplained) complain((error as Error).message)
    else process.stderr.write(`latchkey: ${inspect(error)}\n`)
    process.exitCode = 1
  }
}

/** Whoever reads the output may have read enough: `latchkey app list | head -1`. Any other failure loses some of it. */
function endUnread({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit()
  complain(`The output could not be written: ${code}. Send it to where it can be.`)
  process.exit(1)
}

const inspect = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

/** What is wrong with the words of a command is told in one line that names this command. */
function explainMistakes(command: Command, name: string): Command {
  for (const inner of command.commands) explainMistakes(inner, `${name} ${inner.name()}`)
  return command.configureOutput({
    outputError: (text) => complain(inOneLine(text, name, command.registeredArguments.length > 0)),
  })
}

/** Commander's own words, its suggestion and ours in one line. */
function inOneLine(text: string, name: string, takesArguments: boolean): string {
  const [problem = '', suggestion = ''] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n')
  const hint = suggestion === '' ? `See \`${name} --help\`.` : suggestion.replace(/^\((.*)\)$/, '$1')
  const isPerhapsArgument = takesArguments && /^unknown option '-[^-]/.test(problem)
  const end = isPerhapsArgument ? ' A name that begins with `-` goes after `--`.' : ''
  return `${problem.replace(/\.$/, '')}. ${hint}${end}`
}

function createProgram(): Command {
  const program = new Command('latchkey').description('Authentication for any HTTP API').version(version)
  const config = () =>
    new Option(
      '-c, --config <file>',
      `the configuration file (default: ${configFileNames[0]}, .mts, .js, .mjs, .json)`,
    )

  program
    .command('dev')
    .description('start with a sample API, a demo client and two demo users')
    .option('--dialect <name>', "whose page's endpoints to speak (default: standard)")
    .option('--port <number>', 'where to listen; 0 takes a free port (default: 3000)')
    .option('--database <url>', 'sqlite:path or postgres://… (default: a file in .latchkey/)')
    .option(
      '-c, --config <file>',
      'settings to start from; host, issuer and audience stay its own (default: none)',
    )
    .option('--json', 'print one line of JSON when ready, in place of the panel')
    .action(async (options) => (await import('./dev/dev.ts')).dev(options, process.env))

  program
    .command('serve')
    .description('start in production')
    .addOption(config())
    .action(async (options) => (await import('./serve.ts')).serve(options, process.env))

  program
    .command('migrate')
    .description("bring the database's tables up to date")
    .addOption(config())
    .action(async (options) => (await import('./migrate.ts')).migrate(options, process.env))

  program
    .command('restored')
    .description('after a backup was restored: end every token issued before, as revocations may be lost')
    .option('--end-connections', 'end every session and connection too: what people ended may be back')
    .addOption(config())
    .action(async (options) => (await import('./restored.ts')).restored(options, process.env))

  const app = program.command('app').description('the apps that may ask for tokens')
  app
    .command('create')
    .description('register an app and print its id and secret, this once')
    .argument('<name>', 'what people know it by')
    .addOption(
      new Option('--type <type>', 'a resource_server is an API that asks about tokens')
        .choices(['confidential', 'public', 'resource_server'])
        .default('confidential'),
    )
    .option('--scope <scopes>', 'the scope it may ask for, space separated (default: all of the config)')
    .option('--audience <uri>', "a resource server's own URI: the config's audience or one of its resources")
    .option('--redirect-uri <uri...>', 'where people are sent back to; several with a space between')
    .option('--publisher <name>', 'who made it, as shown to people (default: the name of the API)')
    .option(
      '--grant <types...>',
      'how it may obtain tokens: authorization_code refresh_token client_credentials password (default: by its type)',
    )
    .option('--id <id>', 'take over an id from another system')
    .option('--secret-stdin', 'take over a secret from another system, read from standard input')
    .addOption(config())
    .action(async (name, options) => (await import('./app.ts')).createApp(name, options, process.env))
  app
    .command('list')
    .description('list every app')
    .addOption(config())
    .action(async (options) => (await import('./app.ts')).listApps(options, process.env))
  app
    .command('show')
    .description('show what an app is registered as')
    .argument('<id>')
    .addOption(config())
    .action(async (id, options) => (await import('./app.ts')).showApp(id, options, process.env))
  app
    .command('change')
    .description('change what an app is registered as; what is left out stays, and its tokens live on')
    .argument('<id>')
    .option('--name <name>', 'what people know it by')
    .option('--scope <scopes>', 'the scope it may ask for, space separated')
    .option('--redirect-uri <uri...>', 'where people are sent back to, in place of all before')
    .option('--publisher <name>', 'who made it, as shown to people')
    .option('--grant <types...>', 'how it may obtain tokens, in place of all before')
    .addOption(config())
    .action(async (id, options) => (await import('./app.ts')).changeApp(id, options, process.env))
  app
    .command('allow-password')
    .description("let an app send people's passwords until a day; other apps may not")
    .argument('<id>')
    .requiredOption(
      '--until <date>',
      'the first day on which it may not, as 2030-12-31; a past day ends it at once',
    )
    .addOption(config())
    .action(async (id, options) => (await import('./app.ts')).allowPassword(id, options, process.env))
  app
    .command('disable')
    .description('refuse an app from now on and end its tokens')
    .argument('<id>')
    .addOption(config())
    .action(async (id, options) => (await import('./app.ts')).disableApp(id, options, process.env))
  app
    .command('rotate-secret')
    .description('print a new secret; the old one lives on for the overlap')
    .argument('<id>')
    .option('--now', 'end the old secret at once')
    .addOption(config())
    .action(async (id, options) => (await import('./app.ts')).rotateAppSecret(id, options, process.env))

  const user = program.command('user').description('the people who sign in')
  user
    .command('create')
    .description('add a person; without --password-stdin a password is made and printed, this once')
    .argument('<username>', 'what they sign in with')
    .option('--name <name>', 'as shown to people (default: the username)')
    .option('--email <address>', 'where mail reaches them, and a second way to sign in')
    .option(
      '--scope <scopes>',
      'the scopes that they may grant, space separated (default: all, also those to come)',
    )
    .option('--password-stdin', 'read the password from standard input')
    .addOption(config())
    .action(async (username, options) =>
      (await import('./user.ts')).createUser(username, options, process.env),
    )
  user
    .command('list')
    .description('list every person')
    .addOption(config())
    .action(async (options) => (await import('./user.ts')).listUsers(options, process.env))
  user
    .command('disable')
    .description('refuse a person and their apps from now on, and end their tokens')
    .argument('<username>')
    .addOption(config())
    .action(async (username, options) =>
      (await import('./user.ts')).disableUser(username, options, process.env),
    )
  user
    .command('enable')
    .description('take a disabled person back, with their apps; what was ended stays so')
    .argument('<username>')
    .addOption(config())
    .action(async (username, options) =>
      (await import('./user.ts')).enableUser(username, options, process.env),
    )
  user
    .command('set-password')
    .description('change a password and end what was signed in with the old one')
    .argument('<username>')
    .option('--password-stdin', 'read the password from standard input (default: make one and print it)')
    .addOption(config())
    .action(async (username, options) =>
      (await import('./user.ts')).setPassword(username, options, process.env),
    )
  user
    .command('set-scopes')
    .description('change what a person may grant; their tokens end when they lose a scope')
    .argument('<username>')
    .argument('[scopes]', 'space separated, in quotes')
    .option('--all', "all of the API's scopes, also those to come")
    .addOption(config())
    .action(async (username, scopes, options) =>
      (await import('./user.ts')).setScopes(username, scopes, options, process.env),
    )
  user
    .command('sign-out')
    .description('sign a person out everywhere: their sessions, connections and tokens end')
    .argument('<username>')
    .addOption(config())
    .action(async (username, options) =>
      (await import('./user.ts')).signOutUser(username, options, process.env),
    )
  user
    .command('import')
    .description('take people over with their passwords from another system, all of a file or none')
    .argument('<file>', 'JSON lines: {"username", "name", "email", "scope", "password_hash", "id"}')
    .addOption(config())
    .action(async (file, options) =>
      (await import('./user-import.ts')).importUsers(file, options, process.env),
    )

  const keys = program.command('keys').description('the keys that sign access tokens')
  keys
    .command('list')
    .description('list every key and what it is for')
    .addOption(config())
    .action(async (options) => (await import('./keys.ts')).listKeys(options, process.env))
  keys
    .command('rotate')
    .description('put the next key to use and publish a new next one')
    .addOption(config())
    .action(async (options) => (await import('./keys.ts')).rotateKeys(options, process.env))
  keys
    .command('revoke')
    .description('end a key that others may know, and every token it signed')
    .argument('<kid>')
    .addOption(config())
    .action(async (kid, options) => (await import('./keys.ts')).revokeKey(kid, options, process.env))

  program
    .command('token')
    .description(
      'print an access token, for scripts: of the server that a profile names, kept for the next time',
    )
    .option(
      '-p, --profile <file>',
      'which server, which client and which scope, as JSON (default: latchkey.profile.json)',
    )
    .option('--header', 'print the header that an API takes it in, as for curl -H')
    .option('--renew', 'get a new one though the last still lives, as when an API refused it')
    .action(async (options) => (await import('./token.ts')).printToken(options, process.env))

  return explainMistakes(program, program.name())
}

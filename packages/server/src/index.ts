export {
  type Config,
  ConfigError,
  type ConfigInput,
  defineConfig,
  type Environment,
} from './config/config.ts'
export { type Dialect, DialectError, type DialectInput } from './dialects/dialect.ts'
export { ListenError, type Listener, type ListenOptions, listen } from './listen.ts'
export { createLatchkey, type Latchkey, type LatchkeyOptions } from './server.ts'
export { StoreUnavailable } from './store/database.ts'

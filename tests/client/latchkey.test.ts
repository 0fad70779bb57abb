import { startLatchkey } from './servers/latchkey.ts'
import { clientSuite } from './suite.ts'

clientSuite('Latchkey', startLatchkey)

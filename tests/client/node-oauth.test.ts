import { startNodeOauth } from './servers/node-oauth.ts'
import { testConnections } from './suite/connections.ts'
import { clientSuite } from './suite.ts'

clientSuite('@node-oauth/oauth2-server', startNodeOauth)

testConnections('@node-oauth/oauth2-server that leaves the refresh token out', () =>
  startNodeOauth({ isRotating: false }),
)

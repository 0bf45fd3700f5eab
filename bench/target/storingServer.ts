/*
 * `node storingServer.ts STATE_FOLDER PORT COMMANDS_PER_TRANSACTION`: the API on a state folder, with the
 * one number that the shipped server does not let anybody choose. Logs are left out, on both sides alike.
 */
import { join } from 'node:path'
import { composeApi } from '../../src/compose/api.ts'
import { ChildKeyPairMaker } from '../../src/crypto/childKeyPairMaker.ts'
import { establishDeployment } from '../../src/crypto/deployment.ts'
import { openKeyringFile } from '../../src/crypto/kek/keyringFile.ts'
import { openDatabase } from '../../src/db/database.ts'
import { AnybodysProxyWords } from '../../src/http/forwarded.ts'
import { Listener } from '../../src/http/listener.ts'
import { Peers } from '../../src/http/peers.ts'
import { loadSigningKey } from '../../src/identity/signingKey.ts'
import { TokenAuthenticator } from '../../src/identity/tokenAuthenticator.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { onlyStore } from '../../src/model/secretStore.ts'
import { ProcProcessMarks } from '../../src/ops/processMarks.ts'
import { compileRules } from '../../src/policy/compiledRules.ts'
import { Policy } from '../../src/policy/policy.ts'

const [folder = '', port = '', commandsPerTransaction = ''] = process.argv.slice(2)
const clock = systemClock()
const database = await openDatabase({
  url: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
  clock,
  writer: { commandsPerTransaction: Number(commandsPerTransaction) },
})
const kekStore = await openKeyringFile({
  path: join(folder, 'keyring'),
  protection: { kind: 'plain' },
  mayCreate: false,
  clock,
})
const { deploymentId } = await establishDeployment({
  deployment: database.deployment,
  kekStores: [kekStore],
  clock,
})
const key = await loadSigningKey(join(folder, 'token-signing-key.pem'))
const origin = `http://127.0.0.1:${port}`
const keyPairs = new ChildKeyPairMaker()
const { app, orderWorker } = composeApi({
  database,
  kekStores: [kekStore],
  storePlan: onlyStore(kekStore.name),
  deploymentId,
  authenticator: new TokenAuthenticator({ local: { key, deploymentId, clock }, clock }),
  policy: new Policy({ rules: compileRules({ enforceNewDefaults: false }) }),
  alarms: { integrity: () => undefined },
  clock,
  projectKeyLimits: {
    ttlSeconds: 900,
    staleSeconds: 0,
    maxEntries: 10_000,
    maxWrapsPerTerm: 2 ** 30,
    wrapBlock: 2 ** 16,
    maxTermAgeSeconds: 0,
    kekTimeoutMs: 10_000,
  },
  keyPairs,
  processes: new ProcProcessMarks(),
  onOrderEvent: () => undefined,
  door: {
    observer: { completed: () => undefined, failed: () => undefined, refused: () => undefined },
    healthSwitch: { isDisabled: async () => false },
    maxBodyBytes: 25_000,
    isOverloaded: () => false,
    isDraining: () => false,
  },
  href: {
    hostHref: origin,
    proxyWords: new AnybodysProxyWords({ parsesAll: false, peers: new Peers() }),
    fallback: origin,
  },
  cors: {
    allowedOrigins: [],
    allowCredentials: false,
    maxAgeSeconds: 0,
    exposeHeaders: [],
    allowMethods: [],
    allowHeaders: [],
  },
  secretOptions: {
    paging: { defaultLimit: 10, maxLimit: 100 },
    maxPayloadBytes: 20_000,
    nameless: 'null',
  },
  defaultQuotas: { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 },
})
const listener = new Listener({
  bindHost: '127.0.0.1',
  bindPort: Number(port),
  backlog: 4096,
  keepAliveMs: 90_000,
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 20_000,
  maxConnections: 10_000,
})
await listener.open(app)
orderWorker.start()
process.once('SIGTERM', async () => {
  await listener.drain(1000)
  await orderWorker.stop()
  keyPairs.stop()
  await database.close()
})

import { setImmediate } from 'node:timers/promises'
import { establishDeployment } from '../../src/crypto/deployment.ts'
import { EnvelopeRewrapper } from '../../src/crypto/envelopeRewrapper.ts'
import { RowIntegrity } from '../../src/crypto/integrity.ts'
import { openKeyringFile } from '../../src/crypto/kek/keyringFile.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { EnvelopeSealer } from '../../src/crypto/sealer.ts'
import { openDatabase } from '../../src/db/database.ts'
import { JobRunner } from '../../src/domain/rotation/jobRunner.ts'
import { Pace } from '../../src/domain/rotation/pace.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { waitFor } from '../../src/lib/waitFor.ts'
import { ProcProcessMarks } from '../../src/ops/processMarks.ts'
import { JobWorker } from '../../src/worker/jobWorker.ts'
import { formatsOfNextReleases } from '../support/nextFormat.ts'

/*
 * `formatVictim.ts URL KEYRING reads|writes`: works off jobs as a server of a release that reads the next format, or
 * writes it, and is killed. Ends when there are none.
 */
const [url = '', path = '', side = ''] = process.argv.slice(2)
if (side !== 'reads' && side !== 'writes') throw new Error(`There is no side ${side}.`)

const clock = systemClock()
const alarms = {
  integrity: ({ what, id }: { readonly what: string; readonly id: string }) =>
    process.stderr.write(`damaged: ${id}: ${what}\n`),
}
const database = await openDatabase({ url, clock })
const kekStore = await openKeyringFile({
  path,
  protection: { kind: 'plain' },
  mayCreate: false,
  clock,
})
const { deploymentId } = await establishDeployment({
  deployment: database.deployment,
  kekStores: [kekStore],
  clock,
})
const keyring = new Keyring({
  kekStores: [kekStore],
  storeChoice: { of: () => kekStore.name },
  projectKeys: database.projectKeys,
  deploymentId,
  clock,
  alarms,
  limits: {
    ttlSeconds: 900,
    staleSeconds: 0,
    maxEntries: 100,
    maxWrapsPerTerm: 2 ** 30,
    wrapBlock: 2 ** 16,
    maxTermAgeSeconds: 0,
    kekTimeoutMs: 10_000,
  },
})
const formats = formatsOfNextReleases(deploymentId)[side]
const integrity = new RowIntegrity({ keyring, deploymentId, alarms })
const sealer = new EnvelopeSealer({ keyring, deploymentId, alarms, formats })
const wait = (ms: number, signal: AbortSignal) => waitFor(ms, signal, true)
const load = {
  spent: () => ({ activeMs: 0, idleMs: 1_000 }),
  delayMs: () => 0,
  isOverloaded: () => false,
}
const runner = new JobRunner({
  jobs: database.jobs,
  rotation: database.rotation,
  rewrapper: new EnvelopeRewrapper({ keyring, sealer, integrity }),
  integrity,
  // No project is moved here.
  bindings: { whyNotMoved: () => undefined },
  clock,
  settleMs: 1_000,
  wait,
  pace: new Pace({ load, wait, turn: () => setImmediate() }),
  onEvent: (event) => {
    if (event.type === 'blocked') process.stderr.write(`${event.error.stack}\n`)
  },
})
const worker = new JobWorker({
  jobs: database.jobs,
  runner,
  leases: database.leases,
  processes: new ProcProcessMarks(),
  monotonicMs: () => clock.monotonicMs(),
  wait,
  onEvent: () => undefined,
})
worker.start()
while ((await database.jobs.next()) !== undefined) await wait(100, new AbortController().signal)
await worker.stop()
await database.close()

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { CertificateReader } from '../../../src/crypto/certificateReader.ts'
import { RowIntegrity } from '../../../src/crypto/integrity.ts'
import { Keyring } from '../../../src/crypto/keyring.ts'
import { EnvelopeSealer } from '../../../src/crypto/sealer.ts'
import { Orders } from '../../../src/domain/orders.ts'
import { takePassphrase } from '../../../src/domain/passphrase.ts'
import type { IntegrityFinding, KeyPairMaker } from '../../../src/domain/ports/crypto.ts'
import type {
  OrderTaskRepository,
  ProcessMarks,
} from '../../../src/domain/ports/orderRepositories.ts'
import type { OrderId, ProjectId } from '../../../src/lib/ids.ts'
import type { Order } from '../../../src/model/order.ts'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { Policy } from '../../../src/policy/policy.ts'
import { KeyPairTask } from '../../../src/worker/keyPairTask.ts'
import type { OrderEvent } from '../../../src/worker/orderEvent.ts'
import { OrderWorker, type WorkerTimes } from '../../../src/worker/orderWorker.ts'
import { KEY_LIMITS } from '../../support/door.ts'
import { DoorClock } from '../../support/doorClock.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'
import { MemoryKekStore } from '../../support/memoryKekStore.ts'
import { contextOf } from '../domain/fakeParts.ts'

export interface WorkerOptions {
  readonly make: KeyPairMaker['make']
  readonly own?: string
  readonly isDead?: ProcessMarks['isDead']
  readonly times?: Partial<WorkerTimes>
  readonly tasks?: Partial<OrderTaskRepository>
}

const RSA = { algorithm: 'rsa', bit_length: 2048, name: null, expiration: null }

export const anyPair: KeyPairMaker['make'] = async () => ({
  privateKey: randomBytes(16),
  publicKey: randomBytes(16),
})

/** A database with orders that wait, and workers over it that the test makes. All is over with the test. */
export async function workerRoom(t: { after(work: () => Promise<void>): unknown }) {
  const clock = new DoorClock()
  const { database, execute } = await freshDatabase(t, { clock })
  const kekStore = new MemoryKekStore()
  const alarms: IntegrityFinding[] = []
  const raise = { integrity: (finding: IntegrityFinding) => void alarms.push(finding) }
  const deploymentId = '0123456789abcdef0123456789abcdef'
  const keyring = new Keyring({
    kekStores: [kekStore],
    storeChoice: { of: () => kekStore.name },
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms: raise,
    limits: KEY_LIMITS,
  })
  const sealer = new EnvelopeSealer({ keyring, deploymentId, alarms: raise })
  const integrity = new RowIntegrity({ keyring, deploymentId, alarms: raise })
  const shared = { integrity, sealer, inputs: sealer.orderInputs, keyCache: keyring, clock }
  const orders = new Orders({
    ...shared,
    orders: database.orders,
    defaultQuotas: { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 },
    policy: new Policy({ rules: compileRules({ enforceNewDefaults: false }) }),
    whenWorkedOn: async () => undefined,
  })
  const events: OrderEvent[] = []
  let heard: () => void = () => undefined

  return {
    clock,
    database,
    kekStore,
    execute,
    alarms,
    events,
    /** An order of an RSA pair that waits. */
    place: async (passphrase?: string): Promise<OrderId> => {
      const { meta, given } = takePassphrase({ ...RSA, passphrase })
      return orders.create(contextOf(), async () => ({
        type: 'asymmetric',
        name: null,
        algorithm: 'rsa',
        bitLength: 2048,
        mode: null,
        expiration: null,
        contentType: 'application/octet-stream',
        meta,
        passphrases: given,
      }))
    },
    /** How often any worker has looked. */
    looks: (): number => events.filter(({ type }) => type === 'looked').length,
    /** So many seconds during which everybody looks often enough. */
    async passStill(seconds: number): Promise<void> {
      for (let left = seconds; left > 0; left -= 5) {
        clock.advanceSeconds(Math.min(5, left))
        await this.event('looked', this.looks() + 3)
      }
    },
    remove: (id: OrderId) => orders.remove(contextOf(['admin']), id),
    order: async (id: OrderId): Promise<Order> => {
      const found = await database.orders.find('p' as ProjectId, id)
      return found ?? assert.fail(`order ${id} is gone`)
    },
    count: (table: string): number =>
      Number(execute(`select count(*) as rows from ${table}`)[0]?.['rows']),
    worker(options: WorkerOptions): OrderWorker {
      const { orderTasks } = database
      const tasks: OrderTaskRepository = {
        claim: (...args) => orderTasks.claim(...args),
        renew: (...args) => orderTasks.renew(...args),
        release: (...args) => orderTasks.release(...args),
        releaseAllOf: (owner) => orderTasks.releaseAllOf(owner),
        look: () => orderTasks.look(),
        leased: () => orderTasks.leased(),
        free: (seen) => orderTasks.free(seen),
        order: (id) => orderTasks.order(id),
        settle: (...args) => orderTasks.settle(...args),
        ...options.tasks,
      }
      const worker = new OrderWorker({
        tasks,
        keyPairTask: new KeyPairTask({
          ...shared,
          payloadReader: new CertificateReader(sealer),
          tasks,
          maker: { make: options.make },
          alarms: raise,
        }),
        processes: { own: options.own ?? 'a', isDead: options.isDead ?? (() => false) },
        clock,
        onEvent: (event) => {
          events.push(event)
          heard()
        },
        times: { lookEveryMs: 5, retryAfterMs: 0, ...options.times },
      })
      t.after(() => worker.stop())
      return worker
    },
    /** The first event of this type, once it is there. */
    async event<Type extends OrderEvent['type']>(type: Type, count = 1) {
      const until = performance.now() + 60_000
      for (;;) {
        const found = events.filter((event) => event.type === type)
        if (found.length >= count) return found[count - 1] as Extract<OrderEvent, { type: Type }>
        const seen = events.map((event) => event.type).filter((it) => it !== 'looked')
        assert.ok(performance.now() < until, `${type} did not come, but ${seen.slice(0, 20)}`)
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, 100)
          heard = () => {
            clearTimeout(late)
            resolve()
          }
        })
      }
    },
  }
}

import assert from 'node:assert/strict'
import { RowIntegrity } from '../../../src/crypto/integrity.ts'
import { Keyring } from '../../../src/crypto/keyring.ts'
import type { KeyringEvent } from '../../../src/crypto/keyringEvent.ts'
import type { KeyringLimits } from '../../../src/crypto/keyringLimits.ts'
import { EnvelopeSealer } from '../../../src/crypto/sealer.ts'
import type { IntegrityFinding, KekStore, StoreChoice } from '../../../src/domain/ports/crypto.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { Fault, type FaultKind } from '../../../src/lib/fault.ts'
import { timestampFromMicros } from '../../../src/lib/timestamp.ts'
import type { Stored, Verified } from '../../../src/model/record.ts'
import type { Secret } from '../../../src/model/secret.ts'
import type { Grant } from '../../../src/policy/grant.ts'
import { MemoryKekStore } from '../../support/memoryKekStore.ts'
import { MemoryProjectKeys } from '../../support/memoryProjectKeys.ts'

export const DEPLOYMENT_ID = '0123456789abcdef0123456789abcdef'

/** A clock that moves when it is told to; wall and monotonic time move together. */
export class ManualClock implements Clock {
  // Not 0: lru-cache takes a start of 0 for "without age", and no process lives that early.
  #ms = 1

  advance(seconds: number): void {
    this.#ms += seconds * 1000
  }

  now() {
    return timestampFromMicros(this.epochMs() * 1000)
  }

  epochMs(): number {
    return Date.UTC(2026, 0, 1) + this.#ms - 1
  }

  monotonicMs(): number {
    return this.#ms
  }
}

const LIMITS: KeyringLimits = {
  ttlSeconds: 900,
  staleSeconds: 600,
  maxEntries: 100,
  maxWrapsPerTerm: 2 ** 30,
  wrapBlock: 2 ** 16,
  maxTermAgeSeconds: 365 * 86_400,
  kekTimeoutMs: 5_000,
}

interface RoomParts {
  readonly kekStore: KekStore
  /** Further ones beside it. */
  readonly otherStores?: readonly KekStore[]
  readonly storeChoice?: Pick<StoreChoice, 'of'>
  readonly projectKeys: MemoryProjectKeys
  readonly clock: ManualClock
  readonly deploymentId: string
  readonly limits: Partial<KeyringLimits>
}

/** One process's crypto room over fakes. Two rooms with the same parts are two nodes. */
export function nodeOver({ limits, ...parts }: RoomParts) {
  const findings: IntegrityFinding[] = []
  const events: KeyringEvent[] = []
  const alarms = { integrity: (finding: IntegrityFinding) => void findings.push(finding) }
  const { kekStore, otherStores = [] } = parts
  const keyring = new Keyring({
    ...parts,
    kekStores: [kekStore, ...otherStores],
    storeChoice: parts.storeChoice ?? { of: () => kekStore.name },
    alarms,
    limits: { ...LIMITS, ...limits },
    onEvent: (event) => void events.push(event),
  })
  const { deploymentId } = parts
  return {
    ...parts,
    findings,
    events,
    keyring,
    sealer: new EnvelopeSealer({ keyring, deploymentId, alarms }),
    integrity: new RowIntegrity({ keyring, deploymentId, alarms }),
  }
}

export type Node = ReturnType<typeof nodeOver>

/** A node of a deployment of its own, with the KEK store as the fake that can be taken away. */
export function cryptoRoom(limits: Partial<KeyringLimits> = {}) {
  const kekStore = new MemoryKekStore()
  const parts = {
    kekStore,
    projectKeys: new MemoryProjectKeys(),
    clock: new ManualClock(),
    deploymentId: DEPLOYMENT_ID,
    limits,
  }
  return {
    ...nodeOver(parts),
    kekStore,
    anotherNode: (other = {}) => nodeOver({ ...parts, ...other }),
  }
}

/** What `authorize` would mint; this room's tests begin behind it. */
export function grantOf(record: Verified<Secret>): Grant<'secret:decrypt', Secret> {
  return { rule: 'secret:decrypt', record } as Grant<'secret:decrypt', Secret>
}

/** The way of a payload GET: row MAC first, then the envelope. */
export async function read(node: Node, stored: Stored<Secret>): Promise<Buffer> {
  const verified = await node.integrity.verified(stored)
  assert.ok(verified)
  return node.sealer.open(grantOf(verified))
}

export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome = await promise.then(
    () => assert.fail('It was expected to be refused.'),
    (cause: unknown) => cause,
  )
  assert.ok(outcome instanceof Fault, `A Fault was expected, not ${String(outcome)}`)
  return outcome
}

export async function refuses(promise: Promise<unknown>, kind: FaultKind): Promise<Fault> {
  const fault = await faultOf(promise)
  assert.equal(fault.kind, kind)
  return fault
}

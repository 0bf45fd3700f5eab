import assert from 'node:assert/strict'
import type { Configuration, Gatehouse } from '../peers/gatehouse.ts'
import type { ServerDatabase } from '../support/serverDatabase.ts'
import { type Caller, until } from '../support/severalNodes.ts'

export type Pair = readonly [Gatehouse, Gatehouse]

/** A bound for what a busy machine takes its time for, and not a measure of anything. */
export const PATIENCE_MS = 180_000

interface Secret {
  readonly caller: Caller
  readonly id: string
  readonly payload: string
}

/** Of one node, in one stage: who writes has to be read again later. */
const WRITES = 4
const ANSWERS = 20

/** Callers of both nodes who wait for nobody, and whom nothing may be refused. */
export class Traffic {
  readonly #cloud: RotatingCloud
  readonly #wrong: string[] = []
  readonly #working: readonly Promise<void>[]
  #isOver = false
  #stage = 0
  #answers = 0

  constructor(cloud: RotatingCloud) {
    this.#cloud = cloud
    this.#working = cloud.nodes.map((node) => this.#call(node))
  }

  /** The next stage: whatever happened meanwhile, so many answers came after it, and some of them to writers. */
  async goesOn(): Promise<void> {
    this.#stage += 1
    const enough = this.#answers + ANSWERS
    await until(() => this.#answers > enough, 'the traffic stands still', PATIENCE_MS)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#working)
    assert.equal(this.#wrong.join('\n'), '')
  }

  async #call(node: Gatehouse): Promise<void> {
    let [stage, written] = [this.#stage, 0]
    for (let round = 0; !this.#isOver; round += 1) {
      if (stage !== this.#stage) [stage, written] = [this.#stage, 0]
      const secret = this.#cloud.secrets[round % this.#cloud.secrets.length]
      if (secret === undefined) continue
      const isWriting = written < WRITES
      if (isWriting) written += 1
      const call = isWriting
        ? this.#cloud.store(secret.caller, node, `of ${node.name}, ${stage} ${round}`)
        : this.#read(secret, node)
      await call.catch((error: unknown) => this.#wrong.push(`${node.name}: ${error}`))
      this.#answers += 1
    }
  }

  async #read({ caller, id, payload }: Secret, node: Gatehouse): Promise<void> {
    const found = await caller.payload(node, id)
    if (found !== payload) throw new Error(`${id} ${found}`)
  }
}

/** Two nodes on one database, what is stored there, and what they say of their KEKs. */
export class RotatingCloud {
  readonly nodes: Pair
  readonly secrets: Secret[] = []
  readonly #database: ServerDatabase

  constructor(nodes: Pair, database: ServerDatabase) {
    this.nodes = nodes
    this.#database = database
  }

  async store(caller: Caller, node: Gatehouse, payload: string): Promise<void> {
    this.secrets.push({ caller, id: await caller.store(node, payload), payload })
  }

  async assertAllOpens(): Promise<void> {
    for (const node of this.nodes) {
      for (const { caller, id, payload } of this.secrets) {
        assert.equal(await caller.payload(node, id), payload, node.name)
      }
    }
  }

  /** KEKs of project keys. */
  keksInUse(): readonly string[] {
    const rows = this.#database.execute('select distinct kek_id from project_keys order by kek_id')
    return rows.map((row) => String(row['kek_id']))
  }

  current(): string {
    const [row] = this.#database.execute(
      'select kek_id from kek_canaries where retired_at is null order by created_at desc',
    )
    return String(row?.['kek_id'])
  }

  /** Nodes that report a KEK in this state, or in any. */
  reporting(kekId: string, state?: string): number {
    const keks = this.#database
      .execute('select keks from nodes')
      .map((row) => JSON.parse(String(row['keks'])) as { id: string; state: string }[])
    return keks.filter((held) =>
      held.some((kek) => kek.id === kekId && (state === undefined || kek.state === state)),
    ).length
  }

  /** A KEK that so many nodes report, and that is none of these. */
  newcomer(known: readonly string[], nodes: number): string | undefined {
    const keks = this.#database
      .execute('select keks from nodes')
      .flatMap((row) => JSON.parse(String(row['keks'])) as { id: string }[])
    return keks
      .map(({ id }) => id)
      .find((id) => !known.includes(id) && this.reporting(id) === nodes)
  }

  done(job: string): { readonly state: string; readonly done: number; readonly trouble: unknown } {
    const [row] = this.#database.execute(
      `select state, done, trouble from jobs where id = '${job}'`,
    )
    return { state: String(row?.['state']), done: Number(row?.['done']), trouble: row?.['trouble'] }
  }

  async reconfigure(changes: Configuration, ...nodes: readonly Gatehouse[]): Promise<void> {
    for (const node of nodes) {
      await node.reconfigure(changes)
      node.signal('SIGHUP')
    }
  }
}

import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gatehouse } from '../peers/gatehouse.ts'
import { type Caller, idOf } from './severalNodes.ts'

interface Known {
  readonly caller: Caller
  readonly payload: string
  /** 'unsure': whoever asked for its deletion was not answered. */
  state: 'stored' | 'deleted' | 'unsure'
}

/** Few enough that all nodes change the same ones all the time. */
const CHANGED = 8
const JUDGES = 4
const AFTER_REFUSAL_MS = 200
/** Between two requests of one client: it is to be met everywhere, and nobody is to be drowned in it. */
const PAUSE_MS = { store: 400, read: 30, change: 30 }

/** Clients of every node that write, read, change and delete, and know what has to be there. */
export class Traffic {
  readonly #nodes: readonly Gatehouse[]
  readonly #callers: readonly Caller[]
  readonly #known = new Map<string, Known>()
  readonly #stopping = new AbortController()
  #running: Promise<unknown> | undefined
  /** Answers that nobody may get, whatever becomes of nodes. */
  readonly wrong: string[] = []
  changed = 0

  constructor(nodes: readonly Gatehouse[], callers: readonly Caller[]) {
    this.#nodes = nodes
    this.#callers = callers
  }

  get stored(): number {
    return this.#known.size
  }

  get deleted(): number {
    return [...this.#known.values()].filter(({ state }) => state === 'deleted').length
  }

  /** So many secrets for each caller, over all nodes. */
  async fill(secrets: number): Promise<void> {
    for (const caller of this.#callers) {
      for (let index = 0; index < secrets; index += 1) {
        const node = this.#nodes[index % this.#nodes.length]
        if (node === undefined || !(await this.#store(node, caller))) throw new Error('not stored')
      }
    }
  }

  start(): void {
    const everywhere = this.#nodes.flatMap((node) =>
      this.#callers.flatMap((caller) => [
        this.#goOn(PAUSE_MS.store, () => this.#storeAndDelete(node, caller)),
        this.#goOn(PAUSE_MS.read, () => this.#read(node, caller)),
        this.#goOn(PAUSE_MS.change, () => this.#change(node, caller)),
      ]),
    )
    this.#running = Promise.all(everywhere)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** What this node shows of what has to be there, or does not; nothing once all is well. */
  async wrongAt(node: Gatehouse): Promise<readonly string[]> {
    const wrong: string[] = []
    const waiting = [...this.#known]
    const judge = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [id, known] = next
        const found = await known.caller.payload(node, id)
        if (!isRight(known, found)) wrong.push(`${node.name} ${known.state} ${id}: ${found}`)
      }
    }
    await Promise.all(Array.from({ length: JUDGES }, judge))
    return wrong
  }

  async #goOn(pauseMs: number, work: () => Promise<boolean>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Refused, or the server or its database was killed.
      const isDone = await work().catch(() => false)
      await delay(isDone ? pauseMs : AFTER_REFUSAL_MS)
    }
  }

  async #store(node: Gatehouse, caller: Caller): Promise<string | undefined> {
    const payload = `payload ${this.#known.size} of ${node.name}`
    const json = { payload, payload_content_type: 'text/plain' }
    const answer = await caller.ask(node, 'POST', '/v1/secrets', json)
    if (answer.status !== 201) return this.#refused(answer)
    const id = idOf((JSON.parse(answer.text) as { readonly secret_ref: string }).secret_ref)
    this.#known.set(id, { caller, payload, state: 'stored' })
    return id
  }

  async #storeAndDelete(node: Gatehouse, caller: Caller): Promise<boolean> {
    const id = await this.#store(node, caller)
    if (id === undefined) return false
    if (this.#known.size % 3 === 0) return true
    const known = this.#known.get(id)
    if (known === undefined) return false
    known.state = 'unsure'
    const answer = await caller.ask(node, 'DELETE', `/v1/secrets/${id}`)
    if (answer.status !== 204) return this.#refused(answer) !== undefined
    known.state = 'deleted'
    return true
  }

  async #read(node: Gatehouse, caller: Caller): Promise<boolean> {
    const [id, known] = this.#anyOf(caller)
    if (id === undefined || known === undefined || known.state !== 'stored') return true
    const found = await known.caller.payload(node, id)
    if (/^answers (503|502)$/.test(found)) return false
    // It may have been deleted while it was read.
    if (!isRight(known, found)) this.wrong.push(`${node.name} read ${id}: ${found}`)
    return true
  }

  /** ACLs are under the row MAC: the job and all nodes want the same rows. */
  async #change(node: Gatehouse, caller: Caller): Promise<boolean> {
    const [id] = this.#anyOf(caller, CHANGED)
    if (id === undefined) return true
    const json = { read: { users: [`user-${this.changed}`], 'project-access': true } }
    const answer = await caller.ask(node, 'PUT', `/v1/secrets/${id}/acl`, json)
    if (answer.status !== 200) return this.#refused(answer) !== undefined
    this.changed += 1
    return true
  }

  #anyOf(caller: Caller, most = Number.POSITIVE_INFINITY): [string, Known] | [] {
    const own = [...this.#known].filter(([, known]) => known.caller === caller).slice(0, most)
    return own.length === 0 ? [] : (own[randomInt(own.length)] ?? [])
  }

  /** A node without its database says so, and nothing else. */
  #refused({ status, text }: { readonly status: number; readonly text: string }): undefined {
    if (status !== 503) this.wrong.push(`${status} ${text}`)
    return undefined
  }
}

function isRight({ state, payload }: Known, found: string): boolean {
  if (state === 'deleted') return found === 'answers 404'
  return found === payload || (state === 'unsure' && found === 'answers 404')
}

import { join } from 'node:path'
import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Gatehouse } from '../../test/peers/gatehouse.ts'
import { metric } from '../../test/support/severalNodes.ts'
import { KeptConnection } from '../load/keptConnection.ts'
import type { LoadRequest } from '../load/loadJob.ts'
import { rawRequest } from '../load/rawRequest.ts'
import { payloadOf, stores } from '../load/workloads.ts'
import { percentile } from '../median.ts'
import { localTokens } from '../target/localTokens.ts'
import { onCore } from '../target/onCore.ts'
import { RotationJobs } from '../target/rotationJobs.ts'
import type { Served } from '../target/served.ts'
import type { Keeper } from './keepers.ts'

export interface ServerRequest {
  readonly name: string
  readonly folder: string
  readonly core: number | undefined
  readonly keeper: Keeper
  /** So many are measured. */
  readonly projects: number
}

/** What one kind of request took, and how often each asked the keeper of the KEK. */
export interface Timed {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly callsEach: number
}

/** Requests of other projects come first, until what they run through is compiled. */
const WARM_UP = 50
/** Nothing is forgotten, or fetched again ahead of that, while this goes on. */
const KEYS_STAY = { project_keys: { cache_ttl: '86400' } }
const CALLS = 'gatehouse_kek_call_duration_seconds_count'

/** A server with its KEK at a keeper, and secrets of many projects, one each. */
export class KeptServer implements Served {
  readonly #request: ServerRequest
  readonly #node: Gatehouse
  readonly #tokens: ReadonlyMap<number, string>
  #ids: readonly string[] = []

  private constructor(
    request: ServerRequest,
    node: Gatehouse,
    tokens: ReadonlyMap<number, string>,
  ) {
    this.#request = request
    this.#node = node
    this.#tokens = tokens
  }

  static async start(request: ServerRequest): Promise<KeptServer> {
    const { name, folder, core, keeper, projects } = request
    const node = await Gatehouse.start({
      name,
      folder,
      runBy: onCore(core, []),
      configuration: { DEFAULT: { auth_strategy: 'token' }, ...KEYS_STAY, ...keeper.configuration },
    })
    const issue = await localTokens(await stateOf(join(folder, name, 'state')))
    const tokens = new Map<number, string>()
    for (let project = 0; project < WARM_UP + projects; project += 1) {
      tokens.set(project, await issue(project))
    }
    return new KeptServer(request, node, tokens)
  }

  get origin(): string {
    return this.#node.url
  }

  get pid(): number {
    return this.#node.pid
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }

  /** Wraps and unwraps so far, by the server's own count. */
  async calls(): Promise<number> {
    return metric(this.#node, CALLS)
  }

  /** The same by the keeper's own count, where it keeps one. */
  asked(): number | undefined {
    return this.#request.keeper.asked?.()
  }

  /** A secret for each project, the first it ever has. */
  async firstWrites(): Promise<Timed> {
    const { timed, bodies } = await this.#timed(stores({ tokens: this.#tokens }))
    this.#ids = bodies.map((body) => {
      const { secret_ref: ref } = JSON.parse(body) as { readonly secret_ref: string }
      return ref.slice(ref.lastIndexOf('/') + 1)
    })
    return timed
  }

  /** By a process that has no key of theirs in memory yet. */
  async coldReads(): Promise<Timed> {
    await this.#node.restart()
    return (await this.#timed(this.reads())).timed
  }

  /** One secret for each project. */
  reads(): readonly LoadRequest[] {
    const tokens = [...this.#tokens.values()]
    return this.#ids.map((id, index) => payloadOf(id, tokens[index] ?? ''))
  }

  /** Every project key under another KEK, and opened again. */
  async rewrapped(
    store: string,
  ): Promise<{ readonly perSecond: number; readonly callsEach: number }> {
    await this.#request.keeper.changeKek(this.#node)
    const jobs = await RotationJobs.open(urlOf(this.#node.homeOf('state')))
    try {
      const before = await this.calls()
      const { job, perSecond } = await jobs.run('kek-rewrap', { verify: 'dek', store })
      if (job.done !== this.#ids.length) throw new Error(`${job.done} keys of ${this.#ids.length}.`)
      // Each counts twice, moved and opened.
      const callsEach = ((await this.calls()) - before) / job.done
      return { perSecond: perSecond / 2, callsEach }
    } finally {
      await jobs.stop()
    }
  }

  /** One after the other, on one connection; tokens are known before. */
  async #timed(
    requests: readonly LoadRequest[],
  ): Promise<{ readonly timed: Timed; readonly bodies: readonly string[] }> {
    const connection = await KeptConnection.open(this.origin)
    const send = async (request: LoadRequest): Promise<string> => {
      const { status, body } = await connection.send(rawRequest(request, this.origin))
      if (status < 300) return body.toString('utf8')
      throw new Error(`${request.method} ${request.path}: ${status} ${body.toString('utf8')}`)
    }
    try {
      for (const { headers } of requests) {
        const token = headers['X-Auth-Token'] ?? ''
        // A list opens nothing, so this brings no key into memory.
        await send({
          method: 'GET',
          path: '/v1/secrets?limit=1',
          headers: { 'X-Auth-Token': token },
        })
      }
      const bodies: string[] = []
      for (const request of requests.slice(0, WARM_UP)) bodies.push(await send(request))
      const before = await this.calls()
      const took: number[] = []
      for (const request of requests.slice(WARM_UP)) {
        const sinceMs = performance.now()
        bodies.push(await send(request))
        took.push(performance.now() - sinceMs)
      }
      const callsEach = ((await this.calls()) - before) / took.length
      const timed = { p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99), callsEach }
      return { timed, bodies }
    } finally {
      connection.close()
    }
  }
}

const urlOf = (state: string): string => `sqlite:///${join(state, 'gatehouse.sqlite')}`

async function stateOf(folder: string) {
  const database = await openDatabase({ url: urlOf(folder), clock: systemClock() })
  try {
    const { deploymentId } = await database.deployment.read()
    if (deploymentId === undefined) throw new Error(`${folder} has never served.`)
    return { folder, deploymentId }
  } finally {
    await database.close()
  }
}

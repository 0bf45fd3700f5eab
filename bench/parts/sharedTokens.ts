import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Gatehouse } from '../../test/peers/gatehouse.ts'
import { Authority } from '../../test/support/certificates.ts'
import { FakeKeystone, SERVICE_PASSWORD } from '../../test/support/fakeKeystone.ts'
import { OwnRedis } from '../../test/support/ownRedis.ts'
import { freshServerDatabase } from '../../test/support/serverDatabase.ts'
import { startNodes } from '../../test/support/severalNodes.ts'
import { median } from '../median.ts'
import { table } from '../table.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const PROCESSES = 4
const TOKENS = 500
/** Each token comes to all processes, this often. */
const USES = 3
const AT_ONCE = 8

interface Found {
  readonly validations: number
  /** The first request with a token at a process that has not seen it. */
  readonly firstP50Ms: number
}

/** How often Keystone is asked by four processes of one cloud, with and without the cache that they share. */
export async function sharedTokens({ folder, tell }: Bench): Promise<readonly Verdict[]> {
  const cleanUps: (() => unknown)[] = []
  const t = { after: (work: () => unknown) => void cleanUps.unshift(work) }
  try {
    const authority = await Authority.make(t, 'bench')
    const redis = await OwnRedis.start(t, authority, await authority.server('IP:127.0.0.1', 'root'))
    const client = await authority.client('gatehouse')
    const secretFile = join(folder, 'shared-secret')
    await writeFile(secretFile, randomBytes(32), { mode: 0o600 })
    const tokenCache = {
      backend: 'redis',
      url: redis.url,
      secret_file: secretFile,
      cafile: authority.caFile,
      certfile: client.cert,
      keyfile: client.key,
    }
    const rows: string[][] = []
    for (const [name, cache] of [
      ['each its own cache', { backend: 'none' }],
      ['and a shared one', tokenCache],
    ] as const) {
      const keystone = await FakeKeystone.start()
      t.after(() => keystone.close())
      const database = await freshServerDatabase('postgresql')
      t.after(() => database.drop())
      const { nodes } = await startNodes(t, Array(PROCESSES).fill(database.url), {
        DEFAULT: { auth_strategy: 'keystone' },
        keystone_authtoken: {
          auth_url: keystone.url,
          ...SERVICE_PASSWORD,
          user_domain_name: 'Default',
          project_name: 'service',
          project_domain_name: 'Default',
        },
        token_cache: cache,
      })
      // Connections and compiled code are there.
      await inTurn(nodes, keystone, 50)
      for (const [order, ask] of [
        ['one after the other', inTurn],
        ['all at the same moment', together],
      ] as const) {
        const { validations, firstP50Ms } = await ask(nodes, keystone, TOKENS)
        rows.push([
          `${name}, ${order}`,
          String(validations),
          (validations / TOKENS).toFixed(2),
          firstP50Ms.toFixed(1),
        ])
      }
      await Promise.all(nodes.map((node) => node.stop()))
    }
    tell(`${TOKENS} tokens, each ${USES} times at each of ${PROCESSES} processes:`)
    tell(table(['', 'validations', 'for each token', 'p50 ms, first at a process'], rows))
    return []
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}

type Ask = (nodes: readonly Gatehouse[], keystone: FakeKeystone, tokens: number) => Promise<Found>

/** As a client goes through a cloud: a token arrives at one process after the other. */
const inTurn: Ask = (nodes, keystone, tokens) =>
  counted(keystone, tokens, async (token, note) => {
    for (let use = 0; use < USES; use += 1) {
      for (const node of nodes) {
        const ms = await request(node, token)
        if (use === 0) note(ms)
      }
    }
  })

/** As when a service that has just got a token sends everything at once. */
const together: Ask = (nodes, keystone, tokens) =>
  counted(keystone, tokens, async (token, note) => {
    for (let use = 0; use < USES; use += 1) {
      const took = await Promise.all(nodes.map((node) => request(node, token)))
      if (use === 0) for (const ms of took) note(ms)
    }
  })

async function counted(
  keystone: FakeKeystone,
  tokens: number,
  use: (token: string, note: (ms: number) => void) => Promise<void>,
): Promise<Found> {
  const before = keystone.validations
  const first: number[] = []
  const issued = Array.from({ length: tokens }, () => keystone.issue({ roles: ['creator'] }))
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let token = issued.pop(); token !== undefined; token = issued.pop()) {
      await use(token, (ms) => first.push(ms))
    }
  })
  await Promise.all(workers)
  return { validations: keystone.validations - before, firstP50Ms: median(first) }
}

async function request(node: Gatehouse, token: string): Promise<number> {
  const sinceMs = performance.now()
  const answer = await fetch(`${node.url}/v1/secrets?limit=1`, {
    headers: { 'X-Auth-Token': token },
  })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`${node.url} answered ${answer.status}`)
  return performance.now() - sinceMs
}

import { measurementTable } from '../alternate.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { stores } from '../load/workloads.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { localTokens } from '../target/localTokens.ts'
import { startStoring } from '../target/storing.ts'
import { atLeast, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const AS_SHIPPED = 256
const CLIENTS = 32
const PROJECTS = 100
const FACTOR = 6

/**
 * POST secret, with the transaction shared by all that came together and with one for each: the same
 * server, the same fsync, one number between them. Not pinned: the writer has a thread of its own.
 */
export async function groupCommit(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, tell } = bench
  const { fsyncDelayMs } = options
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const issue = await localTokens(fixture)
  const tokens = new Map<number, string>()
  for (let project = 0; project < PROJECTS; project += 1) tokens.set(project, await issue(project))
  const requests = stores({ tokens })

  const sides = []
  for (const commandsPerTransaction of [AS_SHIPPED, 1]) {
    const served = bench.keep(
      await startStoring({ folder, fixture, commandsPerTransaction, fsyncDelayMs }),
    )
    const job = generator.load({ origin: served.origin, requests })
    await measure(served, job, { connections: CLIENTS, seconds: 3 })
    sides.push({ served, job, found: [] as Measurement[] })
  }
  const disk = fsyncDelayMs === 0 ? '' : `, each fsync ${fsyncDelayMs} ms longer`
  tell(`${options.rounds} rounds of POST secret, ${CLIENTS} clients${disk}:`)
  const ratios: number[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { served, job, found } of sides) {
      found.push(await measure(served, job, { connections: CLIENTS, seconds: options.seconds }))
    }
    const [shared, single] = sides.map(({ found }) => found.at(-1)?.requestsPerSecond ?? 0)
    ratios.push((shared ?? 0) / (single ?? 0))
  }
  const [shared, single] = sides.map(({ found }) => medians(found))
  if (shared === undefined || single === undefined) throw new Error('two sides were measured')
  tell(
    measurementTable(`POST secret, ${CLIENTS} clients${disk}`, [
      ['transactions shared, as shipped', shared],
      ['a transaction for each', single],
    ]),
  )
  await bench.closeAll()
  return [
    atLeast(`POST secret, shared against single commits${disk}`, median(ratios), FACTOR, ' x'),
  ]
}

import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { SecretId } from '../../src/lib/ids.ts'
import { alternate, measurementTable } from '../alternate.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { payloads, stores } from '../load/workloads.ts'
import { measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { table } from '../table.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'
import { configurationOn } from './databaseCases.ts'

const SIZES = [2, 5, 10, 20]
const CLIENTS = [32, 128]
const FINDS_TOGETHER = [1, 2, 4, 8]

/** How many connections are worth having: for reads and for writes, with few clients and with many. */
export async function pools(bench: Bench): Promise<readonly Verdict[]> {
  const { options, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  for (const kind of options.databases) {
    if (kind === 'sqlite') continue
    const { database } = await configurationOn(bench, kind, fixture)
    const url = String(database?.['connection'])
    await sizes(bench, kind, fixture, url)
    await findsTogether(bench, kind, fixture, url)
    await bench.closeAll()
  }
  return []
}

/** A server for each size, on one database. */
async function sizes(
  bench: Bench,
  kind: DatabaseKind,
  fixture: Fixture,
  connection: string,
): Promise<void> {
  const { options, generator, folder, serverCore, tell } = bench
  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const servers = []
  for (const size of SIZES) {
    const served = await Gatehouse.start({
      name: `${kind}-${size}`,
      folder,
      fixture,
      core: serverCore,
      configuration: { database: { connection, max_pool_size: size, max_overflow: 0 } },
    })
    servers.push({ size, served })
  }
  const work = [
    ['payload GET', payloads(callers)],
    ['POST secret', stores(callers)],
  ] as const
  try {
    for (const [title, requests] of work) {
      for (const connections of CLIENTS) {
        const found = await alternate({
          sides: servers.map(({ size, served }) => {
            const job = generator.load({ origin: served.origin, requests })
            const once = (seconds: number) => measure(served, job, { connections, seconds })
            return { name: `max_pool_size = ${size}`, once }
          }),
          rounds: options.rounds,
          seconds: options.seconds,
          warmUpSeconds: 2,
        })
        tell(
          measurementTable(
            `${DATABASES[kind]}: ${title}, ${connections} clients`,
            [...found].map(([name, all]) => [name, medians(all)]),
          ),
        )
      }
    }
  } finally {
    for (const { served } of servers) await served.remove()
  }
}

/**
 * Reads by id alone, in this process: more statements at a time are answered sooner, fewer bring more rows
 * each. The server has a core of its own only where nobody else wants it.
 */
async function findsTogether(
  { options, tell }: Bench,
  kind: DatabaseKind,
  { secretIds }: Fixture,
  url: string,
): Promise<void> {
  const clock = systemClock()
  const rows: string[][] = []
  for (const asking of CLIENTS) {
    const found = new Map<number, FoundAtOnce[]>()
    for (let round = 0; round <= options.rounds; round += 1) {
      for (const together of round % 2 === 0 ? FINDS_TOGETHER : FINDS_TOGETHER.toReversed()) {
        const database = await openDatabase({ url, clock, server: { findsTogether: together } })
        const find = (id: string) => database.secrets.find(id as SecretId)
        await findByMany(find, secretIds, asking, 0.5)
        const one = await findByMany(find, secretIds, asking, options.seconds)
        if (round > 0) found.set(together, [...(found.get(together) ?? []), one])
        await database.close()
      }
    }
    for (const [together, all] of [...found].toSorted(([a], [b]) => a - b)) {
      rows.push([
        `${together} at a time, ${asking} ask`,
        median(all.map(({ perSecond }) => perSecond)).toFixed(0),
        median(all.map(({ cpuMicros }) => cpuMicros)).toFixed(1),
      ])
    }
  }
  tell(
    table(
      [`${DATABASES[kind]}: statements of finds`, 'finds/s', 'CPU us/find, this process'],
      rows,
    ),
  )
}

interface FoundAtOnce {
  readonly perSecond: number
  readonly cpuMicros: number
}

async function findByMany(
  find: (id: string) => Promise<unknown>,
  ids: readonly string[],
  asking: number,
  seconds: number,
): Promise<FoundAtOnce> {
  const since = performance.now()
  const untilMs = since + seconds * 1_000
  const before = process.cpuUsage()
  let done = 0
  const ask = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const id = ids[Math.floor(Math.random() * ids.length)] ?? ''
      if ((await find(id)) === undefined) throw new Error(`${id} is not there`)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: asking }, ask))
  const { user, system } = process.cpuUsage(before)
  const perSecond = (done / (performance.now() - since)) * 1_000
  return { perSecond, cpuMicros: (user + system) / done }
}

import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Fault } from '../../src/lib/fault.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import { median } from '../median.ts'
import {
  anyPlace,
  insertExpired,
  purgeExpired,
  READS,
  removeTombstones,
  type Target,
} from '../scale/asked.ts'
import { type Curve, growthOf, percentile } from '../scale/curve.ts'
import { scaledDatabase } from '../scale/scaledDatabase.ts'
import type { Part } from '../scale/scaledRows.ts'
import { table } from '../table.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

/** So many are purged, in batches as housekeeping does. */
const EXPIRED = 1_000
/** So many of them are stored one after the other, the rest together. */
const STORED_ALONE = 100
const BATCH = 100
const WARM_UP_ROUNDS = 1

const PARTS = {
  spread: 'in projects of a hundred',
  large: 'in one project',
} satisfies Record<Part, string>

/**
 * What each read and write of a database costs as its rows grow a hundredfold: the repositories, one
 * call after the other, without HTTP and without cryptography.
 */
export async function scale(bench: Bench): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const kind of bench.options.databases) verdicts.push(...(await curvesOf(bench, kind)))
  return verdicts
}

async function curvesOf(
  { options, keep, closeAll, tell }: Bench,
  kind: DatabaseKind,
): Promise<readonly Verdict[]> {
  const targets: Target[] = []
  for (const rows of [options.scaleRows / 100, options.scaleRows / 10, options.scaleRows]) {
    const { url, drop } = await scaledDatabase(kind, { rows }, tell)
    const database = await openDatabase({ url, clock: systemClock() })
    keep({
      stop: async () => {
        await database.close()
        if (!options.isKept) await drop()
      },
    })
    const target = { scale: { rows }, database }
    // Of a run that was cut short.
    await purgeExpired(target, BATCH)
    await removeTombstones(target, BATCH)
    targets.push(target)
  }
  tell(`${options.rounds} rounds on ${DATABASES[kind]}, after one that nobody counts:`)
  const found = new Map<string, CurveInTheMaking>()
  const refused = new Set<string>()
  for (let round = -WARM_UP_ROUNDS; round < options.rounds; round += 1) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      for await (const { title, part, micros } of measuredOn(target, refused)) {
        if (round >= 0) keepIn(found, `${title}, ${PARTS[part]}`, part, target.scale.rows, micros)
      }
    }
  }
  const curves = [...found.values()].map(({ part, what, byRows }) => ({
    part,
    curve: {
      what,
      points: targets.map(({ scale: { rows } }) => ({ rows, rounds: byRows.get(rows) ?? [] })),
    } satisfies Curve,
  }))
  tell(tableOf(DATABASES[kind], targets, curves))
  await closeAll()
  return curves.map(({ part, curve }) => verdictOn(DATABASES[kind], part, curve))
}

interface CurveInTheMaking {
  readonly what: string
  readonly part: Part
  readonly byRows: Map<number, number[][]>
}

function keepIn(
  found: Map<string, CurveInTheMaking>,
  what: string,
  part: Part,
  rows: number,
  micros: readonly number[],
): void {
  const one = found.get(what) ?? { what, part, byRows: new Map() }
  found.set(what, one)
  one.byRows.set(rows, [...(one.byRows.get(rows) ?? []), [...micros]])
}

interface MeasuredOnce {
  readonly title: string
  readonly part: Part
  readonly micros: readonly number[]
}

/** @param refused what took too long once, and is not asked again */
async function* measuredOn(target: Target, refused: Set<string>): AsyncGenerator<MeasuredOnce> {
  for (const { title, part, times, once } of READS) {
    const name = `${title}, ${part}, ${target.scale.rows}`
    const micros = refused.has(name)
      ? [REFUSED]
      : await timed(times, () => once(target, anyPlace(target.scale, part)))
    if (micros.includes(REFUSED)) refused.add(name)
    yield { title, part, micros }
  }
  const store = () => insertExpired(target, anyPlace(target.scale, 'spread'))
  yield { title: 'insert', part: 'spread', micros: await timed(STORED_ALONE, store) }
  await Promise.all(Array.from({ length: EXPIRED - STORED_ALONE }, store))
  let purged = 0
  const whole = await timed(1, async () => {
    purged = await purgeExpired(target, BATCH)
  })
  if (purged !== EXPIRED) throw new Error(`${purged} of ${EXPIRED} were purged`)
  yield { title: `purge of ${EXPIRED}`, part: 'spread', micros: whole }
  await removeTombstones(target, BATCH)
}

async function timed(times: number, once: () => Promise<unknown>): Promise<readonly number[]> {
  const micros: number[] = []
  for (let time = 0; time < times; time += 1) {
    const since = performance.now()
    const isAnswered = await once().then(() => true, onlyUnavailable)
    if (!isAnswered) return [REFUSED]
    micros.push((performance.now() - since) * 1_000)
  }
  return micros
}

/** Took longer than a statement may: the client reads 503. */
const REFUSED = Number.POSITIVE_INFINITY

function onlyUnavailable(error: unknown): false {
  if (error instanceof Fault && error.kind === 'unavailable') return false
  throw error
}

function shown(micros: number): string {
  return micros === REFUSED ? '503' : micros.toFixed(0)
}

function tableOf(
  database: string,
  targets: readonly Target[],
  curves: readonly { readonly curve: Curve }[],
): string {
  const rows = curves.map(({ curve }) => {
    const { ratio, shape } = growthOf(curve)
    const cells = curve.points.map(({ rounds }) => {
      const p50 = median(rounds.map((of) => median(of)))
      const p99 = median(rounds.map((of) => percentile(of, 0.99)))
      return `${shown(p50)} / ${shown(p99)}`
    })
    return [curve.what, ...cells, ratio.toFixed(2), shape]
  })
  const head = targets.map(({ scale: { rows } }) => `${rows} rows`)
  return table([`${database}, p50 / p99 in us`, ...head, 'grows', ''], rows)
}

/** One project of a million is nobody's; what it costs is shown, and no failure. */
function verdictOn(database: string, part: Part, curve: Curve): Verdict {
  const { ratio, shape } = growthOf(curve)
  return {
    what: `${database}: ${curve.what}`,
    found: `${ratio.toFixed(2)} x, ${shape}`,
    bar: 'flat or logarithmic',
    isPassed: shape === 'flat' || shape === 'logarithmic',
    isGoal: part === 'large',
  }
}

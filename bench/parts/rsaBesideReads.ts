import { setTimeout as delay } from 'node:timers/promises'
import { alternate, measurementTable, ratios } from '../alternate.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { rsaOrders } from '../load/orderSequences.ts'
import { payloads } from '../load/workloads.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import { MachineLoad } from '../target/machineLoad.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const FACTOR = 2
/** A key pair takes a good part of a second on a busy core: shorter stretches would hold a part of one. */
const LEAST_SECONDS = 4
const START_SECONDS = 1
const ALONE = 'reads alone'
const BESIDE = 'beside RSA orders'

/**
 * Payload GETs by many, alone and while one client orders one RSA key pair after the other. Twice: with
 * the server and its child on whatever core is free, as it is run, and with both on one core, where the
 * nice value alone keeps the readers served. The generator has a core of its own in either case; where the
 * machine has but two, the child may run on that one, and what it takes from the generator is held against us.
 */
export async function rsaBesideReads(bench: Bench): Promise<readonly Verdict[]> {
  const { options, tell } = bench
  tell(`${options.rounds} rounds of payload GET, alone and beside RSA 2048 orders:`)
  const free = await onCores(bench, 'any core', undefined)
  const verdicts = [verdict('on any core', free)]
  if (bench.serverCore !== undefined) {
    const single = await onCores(bench, 'one core', bench.serverCore)
    // Nobody is told to run it so: the bar is for a server that has the machine.
    verdicts.push({ ...verdict('all on one core', single), isGoal: true })
  }
  return verdicts
}

async function onCores(bench: Bench, title: string, core: number | undefined): Promise<number> {
  const { options, generator, folder, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const name = `rsa-${title.replaceAll(' ', '-')}`
  const served = bench.keep(await Gatehouse.start({ name, folder, fixture, core }))
  const { origin } = served
  const reads = generator.load({ origin, requests: payloads(callers) })
  const orders = generator.load({ origin, sequences: rsaOrders(callers) })
  const { connections } = options
  const pairs = { made: 0, seconds: 0 }

  const alone = (seconds: number) => measure(served, reads, { connections, seconds })
  const beside = async (seconds: number): Promise<Measurement> => {
    // The child is no stranger: it is not to count as what else this machine did.
    const unwatched = new MachineLoad()
    // Longer than the reads by what its client and the child take to start.
    const ordering = orders.run({ connections: 1, seconds: seconds + START_SECONDS })
    await delay(START_SECONDS * 1000)
    const measured = await measure(served, reads, { connections, seconds }, unwatched)
    const { sequences = 0, seconds: took, errors, firstError } = await ordering
    if (errors > 0) throw new Error(`An RSA order failed: ${firstError}`)
    pairs.made += sequences
    pairs.seconds += took
    return measured
  }
  const found = await alternate({
    sides: [
      { name: ALONE, once: alone },
      { name: BESIDE, once: beside },
    ],
    rounds: options.rounds,
    seconds: Math.max(options.seconds, LEAST_SECONDS),
    warmUpSeconds: 6,
  })
  tell(
    measurementTable(
      title,
      [...found].map(([side, all]) => [side, medians(all)]),
    ),
  )
  tell(`${(pairs.made / pairs.seconds).toFixed(1)} key pairs a second meanwhile.\n`)
  await bench.closeAll()
  return median(ratios(found, BESIDE, ALONE, ({ p99Ms }) => p99Ms))
}

function verdict(where: string, ratio: number): Verdict {
  return atMost(`p99 of reads beside RSA orders, ${where}`, ratio, FACTOR, ' x alone')
}

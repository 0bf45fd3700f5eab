import { alternate, cpu, medianRatio } from '../alternate.ts'
import { KEEPERS, type KeeperKind } from '../kek/keepers.ts'
import { KeptServer, type Timed } from '../kek/keptServer.ts'
import { measure } from '../measurement.ts'
import { medians } from '../rounds.ts'
import { table } from '../table.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const PROJECTS = 300
const WARM_UP_SECONDS = 4
const KEYRING = 'keyring'

interface Contender {
  readonly kind: KeeperKind
  readonly served: KeptServer
  readonly firstWrites: Timed
  readonly coldReads: Timed
}

/**
 * The same server with each KEK store in turn: what the first secret of a project costs, a read whose project key is
 * not in memory, a read whose key is, and another KEK for all project keys. Calls to whoever keeps the KEK are counted.
 */
export async function kekStores(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  const cleanUps: (() => unknown)[] = []
  const t = { after: (work: () => unknown) => void cleanUps.unshift(work) }
  try {
    const contenders: Contender[] = []
    for (const kind of KEEPERS) {
      if (kind.missing !== undefined) {
        tell(`${kind.title}: ${kind.missing}`)
        continue
      }
      const keeper = await kind.open(t, folder)
      const request = { name: `kek-${kind.store}`, folder, core: serverCore, keeper }
      const served = await KeptServer.start({ ...request, projects: PROJECTS })
      t.after(() => served.stop())
      const firstWrites = await served.firstWrites()
      contenders.push({ kind, served, firstWrites, coldReads: await served.coldReads() })
      tell(`${kind.title}: ready`)
    }

    const { connections, rounds, seconds } = options
    const before = await callsOf(contenders)
    const found = await alternate({
      sides: contenders.map(({ kind, served }) => {
        const job = generator.load({ origin: served.origin, requests: served.reads() })
        const shape = (length: number) => ({ connections, seconds: length })
        return { name: kind.store, once: (length) => measure(served, job, shape(length)) }
      }),
      rounds,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    })
    const after = await callsOf(contenders)
    const warm = (store: string) => medians(found.get(store) ?? [])
    const callsWhenWarm = contenders.map(
      ({ kind }) => (after.get(kind.store) ?? 0) - (before.get(kind.store) ?? 0),
    )
    tell(
      table(
        ['warm payload GET', 'requests/s', 'p99 ms', 'CPU us', 'of keyring', 'calls to a keeper'],
        contenders.map(({ kind }, index) => [
          kind.title,
          warm(kind.store).requestsPerSecond.toFixed(0),
          warm(kind.store).p99Ms.toFixed(1),
          cpu(warm(kind.store)).toFixed(1),
          medianRatio(found, kind.store, KEYRING, cpu).toFixed(2),
          `${callsWhenWarm[index]} of ${(found.get(kind.store) ?? []).reduce((sum, one) => sum + one.requestsPerSecond * seconds, 0).toFixed(0)}`,
        ]),
      ),
    )

    const rewraps: Awaited<ReturnType<KeptServer['rewrapped']>>[] = []
    for (const { kind, served } of contenders) rewraps.push(await served.rewrapped(kind.store))
    tell(
      table(
        [
          `${PROJECTS} projects, one after the other`,
          'first write p50 / p99 ms',
          'calls',
          'cold read p50 / p99 ms',
          'calls',
          'keys rewrapped/s',
          'calls',
        ],
        contenders.map(({ kind, firstWrites, coldReads }, index) => [
          kind.title,
          ...cellsOf(firstWrites),
          ...cellsOf(coldReads),
          rewraps[index]?.perSecond.toFixed(0) ?? '',
          rewraps[index]?.callsEach.toFixed(2) ?? '',
        ]),
      ),
    )
    return [
      atMost('calls to a keeper of KEKs in all warm reads', Math.max(...callsWhenWarm), 0),
      ...contenders
        .filter(({ kind }) => kind.store !== KEYRING)
        .map(({ kind }) => ({
          // The servers differ by nothing that a warm read goes through: what is more than noise is a mistake.
          ...atMost(
            `CPU of a warm read, ${kind.title}`,
            medianRatio(found, kind.store, KEYRING, cpu),
            1.1,
            ' x keyring',
          ),
          isGoal: true,
        })),
    ]
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}

/** As the servers count, and as their keepers do where they can: both count each. */
async function callsOf(contenders: readonly Contender[]): Promise<ReadonlyMap<string, number>> {
  const calls = new Map<string, number>()
  for (const { kind, served } of contenders) {
    calls.set(kind.store, (await served.calls()) + (served.asked() ?? 0))
  }
  return calls
}

function cellsOf({ p50Ms, p99Ms, callsEach }: Timed): readonly string[] {
  return [`${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`, callsEach.toFixed(2)]
}

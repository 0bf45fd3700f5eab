/* `npm run bench`: what Gatehouse costs, against a bare HTTP server on the same machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoadGenerator } from './load/loadGenerator.ts'
import { machineLoad } from './measurement.ts'
import { median } from './median.ts'
import { benchOptions } from './options.ts'
import type { Bench } from './parts/bench.ts'
import { partsFor } from './parts/parts.ts'
import { table } from './table.ts'
import type { Verdict } from './verdict.ts'

const options = benchOptions(process.argv.slice(2))
const tell = (line: string): void => void process.stdout.write(`${line}\n`)
if (typeof options === 'string') {
  tell(options)
  process.exit(0)
}

const [serverCore, loadCore] = options.isPinned ? [0, 1] : []
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-run-'))
const generator = new LoadGenerator(options.generator, loadCore)
const started: { stop(): Promise<void> }[] = []
const bench: Bench = {
  options,
  generator,
  folder,
  serverCore,
  loadCore,
  tell,
  isWanted: (name, group = name) =>
    options.profiled === undefined &&
    options.against === undefined &&
    (options.only.length === 0 || options.only.includes(name) || options.only.includes(group)),
  keep(one) {
    started.push(one)
    return one
  },
  async closeAll() {
    // The other way round: a server is gone before its database.
    for (const one of started.splice(0).toReversed()) await one.stop()
  },
}
tell(
  `Node ${process.version}, ${options.generator} with ${options.connections} connections, ` +
    `${options.rounds} rounds of ${options.seconds} s, ` +
    `${options.isPinned ? 'server on core 0, load on core 1' : 'not pinned'}`,
)
const verdicts: Verdict[] = []
try {
  for (const { run } of partsFor(options, bench.isWanted)) verdicts.push(...(await run(bench)))
} finally {
  await bench.closeAll()
  generator.close()
  rmSync(folder, { recursive: true, force: true })
}
if (verdicts.length > 0)
  tell(
    table(
      ['', 'found', 'bar', ''],
      verdicts.map(({ what, found, bar, isPassed, isGoal = false }) => [
        what,
        found,
        isGoal ? `goal: ${bar}` : bar,
        isPassed ? 'pass' : isGoal ? 'missed' : 'MISSED',
      ]),
    ),
  )
const foreign = machineLoad.shares.length === 0 ? undefined : median(machineLoad.shares)
tell(
  foreign === undefined
    ? `The load of this machine, the bench and its databases included: ${loadavg()[0]?.toFixed(2)}.`
    : `Beside the bench, this machine kept ${foreign.toFixed(2)} cores busy (median of all stretches).`,
)
if (foreign !== undefined && foreign > 0.05)
  tell('That is too much: take these figures again when it is quiet.')
if (verdicts.some(({ isPassed, isGoal = false }) => !isPassed && !isGoal)) process.exitCode = 1

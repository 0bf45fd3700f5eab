import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { DATABASE_KINDS, type DatabaseKind, isDatabaseKind } from './databases/databaseKind.ts'
import { hasCommand } from './hasCommand.ts'
import { NAMES } from './parts/parts.ts'

export interface BenchOptions {
  readonly rows: number
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** Names of cases and parts; empty means all. */
  readonly only: readonly string[]
  /** The big side of the list comparison. */
  readonly listRows: number
  /** Whose columns are wanted. Named, they stand for all that knows of no database but SQLite. */
  readonly databases: readonly DatabaseKind[]
  readonly areDatabasesNamed: boolean
  /** How long rotation works off what is left after its rounds. */
  readonly workOffMinutes: number
  /** The databases of this run stay when it is over. */
  readonly isKept: boolean
  /** The largest database of `scale`; the others have a tenth and a hundredth. */
  readonly scaleRows: number
  /** What every fsync of the two servers of `group-commit` takes longer, as on a disk that is slower than this one. */
  readonly fsyncDelayMs: number
  /** Server and hello on one core, the load on another. */
  readonly isPinned: boolean
  readonly generator: 'wrk' | 'autocannon'
  /** The case whose microseconds are wanted by function, instead of everything else. */
  readonly profiled: string | undefined
  /** Another checkout, whose hot paths are compared with those of this one, instead of everything else. */
  readonly against: string | undefined
}

const HELP = `npm run bench -- [options]
  --rows N         secrets in the database, ten to a project (100000)
  --rounds N       rounds, each with every case between two of hello (7)
  --seconds N      length of one measurement, whole seconds (2)
  --connections N  (32)
  --only A,B       only these cases and parts; their names stand below
  --list-rows N    the big side of the list comparison, a hundred to a project (1000000)
  --database A,B   of sqlite, mysql, postgresql: the hot cases in a column for each, and nothing that knows
                   of SQLite alone. Servers by GATEHOUSE_TEST_MYSQL and GATEHOUSE_TEST_POSTGRESQL, with NAME
                   where the database's name goes; scale and pools take all three unless told otherwise
  --scale-rows N   the largest database of scale: so many rows in projects of a hundred, and as many in
                   one project (1000000)
  --work-off-minutes N  rotation: how long what is left after the rounds is worked off, without load (30)
  --keep           databases on servers stay; those of scale and rotation are found again by the next run
  --fsync-delay-ms N  group-commit: every fsync takes so much longer, as on another disk; wants strace (0)
  --[no-]pin       server on core 0, load on core 1 (default: where taskset and two cores are)
  --generator G    wrk or autocannon (default: wrk where it is installed)
  --profile CASE   nothing but this: where the CPU of one request of that case goes
  --against FOLDER nothing but this: hot paths against those of another checkout (a git worktree with
                   node_modules), in turns
  --quick          10000 rows, 3 rounds of 1 s, lists of 100000 rows: is everything still in order?

${NAMES.join(', ')}
`

/** @throws Error with a sentence for whoever called; `undefined` when only help was wanted */
export function benchOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      only: { type: 'string', multiple: true },
      'list-rows': { type: 'string' },
      database: { type: 'string', multiple: true },
      'scale-rows': { type: 'string' },
      'work-off-minutes': { type: 'string' },
      keep: { type: 'boolean' },
      'fsync-delay-ms': { type: 'string' },
      pin: { type: 'boolean' },
      generator: { type: 'string' },
      profile: { type: 'string' },
      against: { type: 'string' },
      quick: { type: 'boolean' },
    },
  })
  if (values.help === true) return HELP
  const quick = values.quick === true
  const generator = values.generator ?? (hasCommand('wrk') ? 'wrk' : 'autocannon')
  if (generator !== 'wrk' && generator !== 'autocannon') {
    throw new Error(`--generator is wrk or autocannon, not ${generator}.`)
  }
  const only = named(values.only)
  const unknown = only.filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) {
    throw new Error(`--only takes of ${NAMES.join(', ')}; not ${unknown.join(', ')}.`)
  }
  return {
    rows: whole('rows', values.rows, quick ? 10_000 : 100_000, 1000),
    rounds: whole('rounds', values.rounds, quick ? 3 : 7, 1),
    seconds: whole('seconds', values.seconds, quick ? 1 : 2, 1),
    connections: whole('connections', values.connections, 32, 1),
    only,
    listRows: whole('list-rows', values['list-rows'], quick ? 100_000 : 1_000_000, 10_000),
    ...databasesOf(named(values.database)),
    workOffMinutes: whole('work-off-minutes', values['work-off-minutes'], 30, 1),
    isKept: values.keep === true,
    scaleRows: whole(
      'scale-rows',
      values['scale-rows'],
      quick ? 100_000 : 1_000_000,
      100_000,
      20_000,
    ),
    fsyncDelayMs: whole('fsync-delay-ms', values['fsync-delay-ms'], 0, 0),
    isPinned: values.pin ?? (availableParallelism() >= 2 && hasCommand('taskset')),
    generator,
    profiled: values.profile,
    against: values.against,
  }
}

function named(lists: readonly string[] = []): readonly string[] {
  return lists.flatMap((names) => names.split(',')).filter((name) => name !== '')
}

function databasesOf(
  names: readonly string[],
): Pick<BenchOptions, 'databases' | 'areDatabasesNamed'> {
  if (names.length === 0) return { databases: DATABASE_KINDS, areDatabasesNamed: false }
  const unknown = names.filter((name) => !isDatabaseKind(name))
  if (unknown.length > 0) {
    throw new Error(`--database takes of ${DATABASE_KINDS.join(', ')}; not ${unknown.join(', ')}.`)
  }
  return { databases: names.filter(isDatabaseKind), areDatabasesNamed: true }
}

function whole(
  name: string,
  given: string | undefined,
  otherwise: number,
  least: number,
  step = 1,
): number {
  if (given === undefined) return otherwise
  const value = Number(given)
  if (Number.isInteger(value) && value >= least && value % step === 0) return value
  const multiple = step === 1 ? 'a whole number' : `a multiple of ${step}`
  throw new Error(`--${name} is ${multiple} from ${least} on, not ${given}.`)
}

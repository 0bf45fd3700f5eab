import { CASES } from '../cases.ts'
import type { BenchOptions } from '../options.ts'
import type { Verdict } from '../verdict.ts'
import { aclOfHundred } from './aclOfHundred.ts'
import { against } from './against.ts'
import type { Bench } from './bench.ts'
import { databaseCases } from './databaseCases.ts'
import { groupCommit } from './groupCommit.ts'
import { httpCases } from './httpCases.ts'
import { kekStores } from './kekStores.ts'
import { listScale } from './listScale.ts'
import { pools } from './pools.ts'
import { profile } from './profile.ts'
import { quotas } from './quotas.ts'
import { rotation } from './rotation.ts'
import { rsaBesideReads } from './rsaBesideReads.ts'
import { scale } from './scale.ts'
import { secondStart } from './secondStart.ts'
import { sharedTokens } from './sharedTokens.ts'
import { tls } from './tls.ts'

interface Part {
  /** What `--only` calls it; the others look at the options themselves. */
  readonly name?: string
  /** Which databases it runs on; SQLite alone where nothing is said. */
  readonly on?: 'those named' | 'those named, or all'
  /** Too long for a run that names nothing. */
  readonly isOnlyByName?: true
  readonly run: (bench: Bench) => Promise<readonly Verdict[]>
}

/** All that `npm run bench` measures, in this order. */
const PARTS: readonly Part[] = [
  { run: httpCases },
  { on: 'those named', run: databaseCases },
  { name: 'pools', on: 'those named, or all', isOnlyByName: true, run: pools },
  { name: 'scale', on: 'those named, or all', isOnlyByName: true, run: scale },
  { name: 'rotation', on: 'those named, or all', isOnlyByName: true, run: rotation },
  { name: 'group-commit', run: groupCommit },
  { name: 'acl-100', run: aclOfHundred },
  { name: 'quotas', run: quotas },
  { name: 'rsa-beside-reads', run: rsaBesideReads },
  { name: 'tls', isOnlyByName: true, run: tls },
  { name: 'shared-tokens', isOnlyByName: true, run: sharedTokens },
  { name: 'kek-stores', isOnlyByName: true, run: kekStores },
  { name: 'list-scale', run: listScale },
  { name: 'start', run: secondStart },
  { run: profile },
  { run: against },
]

/** Those that these options ask for. */
export function partsFor(
  { only, areDatabasesNamed }: Pick<BenchOptions, 'only' | 'areDatabasesNamed'>,
  isWanted: Bench['isWanted'],
): readonly Part[] {
  return PARTS.filter(({ name, on, isOnlyByName = false }) => {
    if (name !== undefined && (isOnlyByName ? !only.includes(name) : !isWanted(name))) return false
    if (on === undefined) return !areDatabasesNamed
    return areDatabasesNamed || on === 'those named, or all'
  })
}

/** All that `--only` takes. */
export const NAMES: readonly string[] = [
  ...new Set([
    ...CASES.flatMap(({ name, group }) => [name, ...(group === undefined ? [] : [group])]),
    ...PARTS.flatMap(({ name }) => name ?? []),
  ]),
]

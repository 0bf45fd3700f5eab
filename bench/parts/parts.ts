import { CASES } from '../cases.ts'
import type { Verdict } from '../verdict.ts'
import { aclOfHundred } from './aclOfHundred.ts'
import { against } from './against.ts'
import type { Bench } from './bench.ts'
import { groupCommit } from './groupCommit.ts'
import { httpCases } from './httpCases.ts'
import { listScale } from './listScale.ts'
import { profile } from './profile.ts'
import { quotas } from './quotas.ts'
import { rsaBesideReads } from './rsaBesideReads.ts'
import { secondStart } from './secondStart.ts'

interface Part {
  /** What `--only` calls it; the others look at the options themselves. */
  readonly name?: string
  readonly run: (bench: Bench) => Promise<readonly Verdict[]>
}

/** All that `npm run bench` measures, in this order. */
export const PARTS: readonly Part[] = [
  { run: httpCases },
  { name: 'group-commit', run: groupCommit },
  { name: 'acl-100', run: aclOfHundred },
  { name: 'quotas', run: quotas },
  { name: 'rsa-beside-reads', run: rsaBesideReads },
  { name: 'list-scale', run: listScale },
  { name: 'start', run: secondStart },
  { run: profile },
  { run: against },
]

/** All that `--only` takes. */
export const NAMES: readonly string[] = [
  ...new Set([
    ...CASES.flatMap(({ name, group }) => [name, ...(group === undefined ? [] : [group])]),
    ...PARTS.flatMap(({ name }) => name ?? []),
  ]),
]

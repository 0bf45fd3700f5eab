import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'
import { groupCommit } from './groupCommit.ts'
import { httpCases } from './httpCases.ts'
import { listScale } from './listScale.ts'
import { profile } from './profile.ts'
import { secondStart } from './secondStart.ts'

/** All that `npm run bench` measures, in this order. */
export const PARTS: readonly ((bench: Bench) => Promise<readonly Verdict[]>)[] = [
  httpCases,
  groupCommit,
  listScale,
  secondStart,
  profile,
]

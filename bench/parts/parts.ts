import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'
import { httpCases } from './httpCases.ts'

/** All that `npm run bench` measures, in this order. */
export const PARTS: readonly ((bench: Bench) => Promise<readonly Verdict[]>)[] = [httpCases]

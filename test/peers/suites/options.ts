import { parseArgs } from 'node:util'
import { SUITES, type SuiteName } from './runs.ts'
import type { StageName } from './stages.ts'

export interface Options {
  /** Holds git clones, named as upstream; without it Debian's packages are the source. */
  readonly clones: string | undefined
  readonly suites: readonly SuiteName[]
  readonly stages: readonly StageName[]
  /** Where what every test said is written, when someone wants to read it. */
  readonly results: string | undefined
}

const HELP = `usage: npm run test:suites -- [--clones FOLDER] [--only ${Object.keys(SUITES).join(',')}]
  [--mode legacy|secure] [--multi] [--results FOLDER]
Without --mode and --multi: all that the suites know. --multi: only with several secret stores.`

const stagesOf = (mode: string | undefined, multi: boolean): readonly StageName[] => {
  if (mode === 'secure') return ['secure']
  if (mode === 'legacy') return multi ? ['several'] : ['legacy']
  if (mode !== undefined) throw new Error(`no such mode: ${mode}\n${HELP}`)
  return multi ? ['several', 'secure'] : ['legacy', 'several', 'secure']
}

const isSuite = (name: string): name is SuiteName => Object.hasOwn(SUITES, name)

export const optionsOf = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clones: { type: 'string' },
      only: { type: 'string' },
      mode: { type: 'string' },
      multi: { type: 'boolean', default: false },
      results: { type: 'string' },
    },
  })
  const suites = values.only?.split(',') ?? Object.keys(SUITES)
  const unknown = suites.filter((name) => !isSuite(name))
  if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(', ')}\n${HELP}`)
  return {
    clones: values.clones,
    suites: suites.filter(isSuite),
    stages: stagesOf(values.mode, values.multi),
    results: values.results,
  }
}

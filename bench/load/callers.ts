import type { Fixture } from '../fixture/fixture.ts'
import { projectsIn } from '../fixture/layout.ts'
import type { Callers } from './workloads.ts'

/** A thousand of the usual projects, or those of a hundred secrets each. */
export type Who = 'usual' | 'large'

const USUAL_CALLERS = 1_000

export async function callersIn(
  fixture: Fixture,
  who: Who,
  issue: (project: number) => Promise<string>,
  most = USUAL_CALLERS,
): Promise<Callers> {
  const { largeProjects } = fixture.layout
  const projects =
    who === 'usual'
      ? evenly(largeProjects, projectsIn(fixture.layout), most)
      : evenly(0, largeProjects, largeProjects)
  const tokens = new Map<number, string>()
  for (const project of projects) tokens.set(project, await issue(project))
  return { fixture, tokens }
}

/** So many numbers from `from` to below `to`, spread over all of them. */
function evenly(from: number, to: number, most: number): readonly number[] {
  const count = Math.min(most, to - from)
  return Array.from({ length: count }, (_, n) => from + Math.floor((n * (to - from)) / count))
}

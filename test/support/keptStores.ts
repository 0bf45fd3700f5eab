import { randomBytes } from 'node:crypto'
import { after } from 'node:test'

export interface CleansUp {
  after(work: () => unknown): unknown
}

/** What the tests of stores at a keeper wrap, and where. */
export const CONTEXT = Buffer.from('deployment, project, project-key id')
export const KEY = randomBytes(32)
export const never = new AbortController().signal

/** For what all tests of a file share: it lives as long as they do. */
export function untilTheEnd(): CleansUp {
  const cleaning: (() => unknown)[] = []
  after(async () => {
    for (const work of cleaning) await work()
  })
  return { after: (work) => void cleaning.push(work) }
}

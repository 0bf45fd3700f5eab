import { setTimeout } from 'node:timers/promises'
import type { Database } from '../db/database.ts'
import type { NodeSeen } from '../domain/ports/nodes.ts'
import { Stillness } from '../lib/stillness.ts'
import { ProcProcessMarks } from '../ops/processMarks.ts'
import { REPORT_EVERY_MS } from '../worker/nodeReporter.ts'

/** A node that did not report for so long is taken for dead. */
const DEAD_AFTER_MS = 4 * REPORT_EVERY_MS
const LOOK_EVERY_MS = 500

/**
 * Nodes of which this is so, and that live. One that reports anew lives, one whose report stands still by our own
 * clock does not; where it is so of none, nobody is waited for.
 */
export async function nodesThat(
  { nodes }: Pick<Database, 'nodes'>,
  isSo: (node: NodeSeen) => boolean,
): Promise<readonly string[]> {
  const processes = new ProcProcessMarks()
  const monotonicMs = () => performance.now()
  const stillness = new Stillness(monotonicMs, DEAD_AFTER_MS / 2)
  const alive = new Set<string>()
  const first = new Map((await nodes.all()).map(({ id, beat }) => [id, beat]))
  for (;;) {
    const present = (await nodes.all()).filter(({ id }) => !processes.isDead(id))
    const marks = new Map(present.map(({ id, beat }) => [id, String(beat)]))
    const stillMs = stillness.look(marks)
    for (const { id, beat } of present) if (first.get(id) !== beat) alive.add(id)
    const suspects = present.filter(isSo)
    const undecided = suspects.filter(
      ({ id }) => !alive.has(id) && (stillMs.get(id) ?? 0) <= DEAD_AFTER_MS,
    )
    if (undecided.length === 0) {
      return suspects.filter(({ id }) => alive.has(id)).map(({ name }) => name)
    }
    await setTimeout(LOOK_EVERY_MS)
  }
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NodeReport, NodeRepository, NodeSeen } from '../../../src/domain/ports/nodes.ts'
import { NodeReporter } from '../../../src/worker/nodeReporter.ts'

class MemoryNodes implements NodeRepository {
  readonly rows = new Map<string, NodeSeen>()
  isDown = false

  async all() {
    return [...this.rows.values()]
  }

  async report(report: NodeReport) {
    if (this.isDown) throw new Error('away')
    this.rows.set(report.id, { ...report, beat: (this.rows.get(report.id)?.beat ?? -1) + 1 })
  }

  async leave(id: string) {
    this.rows.delete(id)
  }
}

const reportOf = (id: string): NodeReport => ({ id, name: id, release: '1', keks: [] })

/** A reporter whose waits are ended by hand. */
function reporterOf(nodes: MemoryNodes, dead: readonly string[] = []) {
  let nowMs = 0
  const failures: unknown[] = []
  const waiting: (() => void)[] = []
  let onWait: () => void = () => undefined
  const reporter = new NodeReporter({
    nodes,
    report: () => reportOf('own'),
    processes: { own: 'own', isDead: (mark) => dead.includes(mark) },
    monotonicMs: () => nowMs,
    wait: (_ms, signal) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        signal.addEventListener('abort', () => resolve())
        onWait()
      }),
    onFailure: (error) => void failures.push(error),
  })
  /** Lets time pass until it waits again. */
  const pass = async (ms: number) => {
    nowMs += ms
    const waits = new Promise<void>((resolve) => {
      onWait = resolve
    })
    waiting.shift()?.()
    await waits
  }
  const begin = async () => {
    const waits = new Promise<void>((resolve) => {
      onWait = resolve
    })
    reporter.start()
    await waits
  }
  return { reporter, failures, pass, begin }
}

describe('what a node says of itself', () => {
  test('it reports at once, goes on reporting, and leaves', async () => {
    const nodes = new MemoryNodes()
    const { reporter, begin, pass } = reporterOf(nodes)
    await begin()
    assert.equal(nodes.rows.get('own')?.beat, 0)
    await pass(5_000)
    assert.equal(nodes.rows.get('own')?.beat, 1)
    await reporter.stop()
    assert.equal(nodes.rows.size, 0)
  })

  test('a process that is dead is swept away, one that stands still after ten minutes, one that beats never', async () => {
    const nodes = new MemoryNodes()
    for (const id of ['dead', 'still', 'alive']) await nodes.report(reportOf(id))
    const { reporter, begin, pass } = reporterOf(nodes, ['dead'])
    await begin()
    assert.deepEqual([...nodes.rows.keys()], ['still', 'alive', 'own'])
    for (let minutes = 0; minutes < 11; minutes += 1) {
      assert.ok(nodes.rows.has('still'), `${minutes} minutes`)
      await nodes.report(reportOf('alive'))
      await pass(60_000)
    }
    assert.deepEqual([...nodes.rows.keys()].toSorted(), ['alive', 'own'])
    await reporter.stop()
  })

  test('without the database it goes on trying', async () => {
    const nodes = new MemoryNodes()
    nodes.isDown = true
    const { reporter, failures, begin, pass } = reporterOf(nodes)
    await begin()
    assert.equal(failures.length, 1)
    nodes.isDown = false
    await pass(5_000)
    assert.equal(nodes.rows.get('own')?.beat, 0)
    await reporter.stop()
  })
})

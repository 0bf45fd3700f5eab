import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { NodeReport, NodeRepository } from '../../src/domain/ports/nodes.ts'

const REPORT: NodeReport = {
  id: 'world-1-2-3',
  name: 'host process 1',
  release: '1.2.3',
  keks: [{ store: 'keyring', id: 'a', state: 'primary', fingerprint: 'f' }],
}

/** What every NodeRepository answers. */
export function nodeRepositoryContract(
  name: string,
  open: () => Promise<{ readonly nodes: NodeRepository }>,
): void {
  describe(`nodes, ${name}`, () => {
    let nodes: NodeRepository
    before(async () => {
      nodes = (await open()).nodes
    })

    test('each report is another beat, and says what the node holds now', async () => {
      await nodes.report(REPORT)
      assert.deepEqual(await nodes.all(), [{ ...REPORT, beat: 0 }])
      await nodes.report({ ...REPORT, keks: [] })
      assert.deepEqual(await nodes.all(), [{ ...REPORT, keks: [], beat: 1 }])
    })

    test('one that leaves is gone, and may come back', async () => {
      await nodes.leave(REPORT.id)
      assert.deepEqual(await nodes.all(), [])
      await nodes.leave(REPORT.id)
      await nodes.report(REPORT)
      assert.equal((await nodes.all()).length, 1)
    })
  })
}

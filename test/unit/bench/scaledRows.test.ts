import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  idAt,
  placesInOrder,
  projectAt,
  projectsOf,
  secretAt,
} from '../../../bench/scale/scaledRows.ts'
import { parseSecretId } from '../../../src/lib/ids.ts'

const SCALE = { rows: 400 }

test('ids are those of secrets, each once, and in order', () => {
  const ids = placesInOrder(SCALE).map(idAt)
  assert.ok(ids.every((id) => parseSecretId(id) !== undefined))
  assert.equal(new Set(ids).size, 800)
  assert.deepEqual(ids, ids.toSorted())
})

test('half of them lie in projects of a hundred, half in one', () => {
  const sizes = new Map<string, number>()
  for (const place of placesInOrder(SCALE)) {
    const { projectId } = secretAt(SCALE, place)
    assert.equal(projectId, projectAt(SCALE, place))
    sizes.set(projectId, (sizes.get(projectId) ?? 0) + 1)
  }
  assert.equal(projectsOf(SCALE), 4)
  assert.deepEqual([...sizes.values()].toSorted(), [100, 100, 100, 100, 400])
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { removeSecrets, removeTombstones } from '../../../src/db/commands/purgeCommands.ts'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import type { Row, Statements } from '../../../src/db/statement.ts'
import { newSecretId } from '../../../src/lib/ids.ts'
import { NOW } from '../../contract/recordsForRepositories.ts'

/** On a server each statement is a round trip: how many are there when the first finds these rows? */
function statementsOf(work: Statements<number>, rows: readonly Row[]): number {
  let count = 0
  for (
    let step = work.next();
    step.done !== true;
    step = work.next({ rows: count === 1 ? rows : [], changes: 0 })
  ) {
    count += 1
  }
  return count
}

function secrets(count: number) {
  return Array.from({ length: count }, () => ({ id: newSecretId(), rowMac: randomBytes(40) }))
}

test('a batch of a hundred secrets goes by as many statements as one secret', () => {
  for (const batch of [secrets(1), secrets(100)]) {
    const rows = batch.map(({ id, rowMac }) => ({ id, row_mac: rowMac }))
    assert.equal(statementsOf(removeSecrets(dialectSqlite, batch, NOW), rows), 7)
  }
})

test('where none is as it was verified, nothing is asked beyond the look', () => {
  const batch = secrets(3)
  const changed = batch.map(({ id }) => ({ id, row_mac: randomBytes(40) }))
  assert.equal(statementsOf(removeSecrets(dialectSqlite, batch, NOW), changed), 1)
})

test('tombstones go by kind, not one by one', () => {
  const rows = secrets(100).map(({ id }, n) => ({ id, kind: n % 2 === 0 ? 'secret' : 'order' }))
  assert.equal(statementsOf(removeTombstones(dialectSqlite, NOW, 100), rows), 3)
})

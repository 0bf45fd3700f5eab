import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readBackup, restoreBackup } from '../../../../src/domain/backup/restoreBackup.ts'
import { encodeParts } from '../../../../src/domain/backup/rowStream.ts'
import type { BackupPart, BackupTarget } from '../../../../src/domain/ports/backup.ts'
import type { Timestamp } from '../../../../src/lib/timestamp.ts'
import { allOf, eachOf, inPieces } from '../../../support/pieces.ts'
import { refusal } from '../../../support/refusals.ts'

const TABLE: BackupPart = { kind: 'table', name: 'secrets', columns: ['id', 'name'] }
const ROWS = [
  ['a', 'first'],
  ['b', null],
] as const

/** A database that keeps parts, and may give others back. */
class FakeTarget implements BackupTarget {
  isCommitted = false
  readonly #kept: BackupPart[] = []
  readonly #givenBack: (kept: readonly BackupPart[]) => readonly BackupPart[]

  constructor(givenBack: (kept: readonly BackupPart[]) => readonly BackupPart[] = (kept) => kept) {
    this.#givenBack = givenBack
  }

  async add(part: BackupPart): Promise<void> {
    this.#kept.push(part)
  }

  parts(): AsyncIterable<BackupPart> {
    return eachOf(this.#givenBack(this.#kept))
  }

  async commit(): Promise<void> {
    this.isCommitted = true
  }

  async close(): Promise<void> {}
}

async function restore(target: BackupTarget, cut = 0) {
  const parts: readonly BackupPart[] = [TABLE, { kind: 'rows', rows: ROWS }]
  const bytes = await allOf(encodeParts(eachOf(parts), () => undefined))
  const backup = {
    head: { deploymentId: 'd', schema: 's', createdAt: '' as Timestamp },
    content: inPieces(bytes.subarray(0, bytes.length - cut)),
    close: async () => undefined,
  }
  const told = { written: 0, readBack: 0 }
  const sums = await restoreBackup({
    backup,
    target,
    onWritten: (rows) => {
      told.written += rows
    },
    onReadBack: (rows) => {
      told.readBack += rows
    },
  })
  return { sums, told }
}

describe('restoring', () => {
  test('commits what comes back equal, in whatever order', async () => {
    const target = new FakeTarget(() => [TABLE, { kind: 'rows', rows: ROWS.toReversed() }])
    const { sums, told } = await restore(target)
    assert.ok(target.isCommitted)
    assert.deepEqual(
      sums.map(({ name, rows }) => [name, rows]),
      [['secrets', 2]],
    )
    assert.deepEqual(told, { written: 2, readBack: 2 })
  })

  const other: Readonly<Record<string, readonly BackupPart[]>> = {
    'a row is lost': [TABLE, { kind: 'rows', rows: ROWS.slice(1) }],
    'a row is doubled': [TABLE, { kind: 'rows', rows: [...ROWS, ROWS[0]] }],
    'a value is altered': [TABLE, { kind: 'rows', rows: [['a', 'First'], ROWS[1]] }],
    'null became empty': [TABLE, { kind: 'rows', rows: [ROWS[0], ['b', '']] }],
    'text became bytes': [TABLE, { kind: 'rows', rows: [ROWS[0], [Buffer.from('b'), null]] }],
    'a table is gone': [],
  }
  for (const [what, parts] of Object.entries(other)) {
    test(`commits nothing when ${what}`, async () => {
      const target = new FakeTarget(() => parts)
      await assert.rejects(restore(target), refusal(/gives back of secrets is not what/))
      assert.equal(target.isCommitted, false)
    })
  }

  test('commits nothing of a content that ends too early', async () => {
    const target = new FakeTarget()
    await assert.rejects(restore(target, 1), refusal(/ends too early/))
    assert.equal(target.isCommitted, false)
  })

  test('a look at the content alone finds the same', async () => {
    const parts: readonly BackupPart[] = [TABLE, { kind: 'rows', rows: ROWS }]
    const bytes = await allOf(encodeParts(eachOf(parts), () => undefined))
    const head = { deploymentId: 'd', schema: 's', createdAt: '' as Timestamp }
    const close = async () => undefined
    const whole = await readBackup({ head, content: inPieces(bytes), close })
    assert.deepEqual(
      whole.map(({ rows }) => rows),
      [2],
    )
    const cut = readBackup({ head, content: inPieces(bytes.subarray(0, -1)), close })
    await assert.rejects(cut, refusal(/ends too early/))
  })
})

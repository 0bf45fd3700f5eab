import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { privateKeyIn } from '../../../../src/crypto/backup/backupKeys.ts'
import { OpensBackups } from '../../../../src/crypto/backup/sealedBackup.ts'
import { decodeParts, encodeParts } from '../../../../src/domain/backup/rowStream.ts'
import type { BackupPart } from '../../../../src/domain/ports/backup.ts'
import { allOf, eachOf, inPieces, listOf } from '../../../support/pieces.ts'

/* The file was written once and is never regenerated: when this is red, the code is wrong. */

const bytes = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform((hex) => Buffer.from(hex, 'hex'))
const value = z.union([z.string(), z.number(), z.null(), z.object({ hex: bytes })])
const golden = z
  .object({
    privateKeys: z.array(z.looseObject({ kty: z.string() })).length(3),
    head: z.object({ deploymentId: z.string(), schema: z.string(), createdAt: z.string() }),
    tables: z.array(
      z.object({
        name: z.string(),
        columns: z.array(z.string()),
        rows: z.array(
          z.array(value.transform((it) => (typeof it === 'object' ? (it?.hex ?? null) : it))),
        ),
      }),
    ),
    content: bytes,
    file: bytes,
  })
  .parse(
    JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../vectors/golden/backup.json'), 'utf8'),
    ),
  )
const parts = golden.tables.flatMap(({ name, columns, rows }): readonly BackupPart[] => [
  { kind: 'table', name, columns },
  ...(rows.length === 0 ? [] : [{ kind: 'rows' as const, rows }]),
])

for (const jwk of golden.privateKeys) {
  test(`the golden backup opens with its ${jwk.kty} key`, async () => {
    const key = await privateKeyIn('it', Buffer.from(JSON.stringify(jwk)), undefined)
    const { head, content } = await new OpensBackups(key).open(inPieces(golden.file, 1000))
    assert.deepEqual(head, golden.head)
    assert.deepEqual(await allOf(content), golden.content)
  })
}

test('the rows of the golden backup are read as they were written', async () => {
  const found = await listOf(decodeParts(inPieces(golden.content)))
  assert.deepEqual(
    found.filter(({ kind }) => kind !== 'sum'),
    parts,
  )
  assert.deepEqual(
    found.flatMap((part) => (part.kind === 'sum' ? [[part.name, part.rows]] : [])),
    golden.tables.map(({ name, rows }) => [name, rows.length]),
  )
})

test('the same rows are written as the same bytes to this day', async () => {
  const written = await allOf(encodeParts(eachOf(parts), () => undefined))
  assert.deepEqual(written, golden.content)
})

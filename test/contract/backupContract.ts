import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openBackupSource } from '../../src/db/backup/backupSource.ts'
import { backupTables } from '../../src/db/backup/backupTables.ts'
import { openBackupTarget } from '../../src/db/backup/backupTarget.ts'
import { MIGRATIONS } from '../../src/db/migrationList.ts'
import { schemaStatus, upgradeSchema } from '../../src/db/schema.ts'
import { restoreBackup } from '../../src/domain/backup/restoreBackup.ts'
import { encodeParts } from '../../src/domain/backup/rowStream.ts'
import type { BackupPart } from '../../src/domain/ports/backup.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import { DEPLOYMENT_ID, fillEveryTable, LATEST } from '../support/everyTable.ts'
import { allOf, eachOf, inPieces, listOf } from '../support/pieces.ts'
import { refusal } from '../support/refusals.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

/** A place for a database that is not there yet, or has no table. */
export interface EmptyPlace {
  readonly url: string
  /** Common SQL beside everything else. */
  execute(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export type MakePlace = (t: CleansUp) => Promise<EmptyPlace>

const FIRST = MIGRATIONS[0]?.name ?? ''
/** More than two pages, of a table with a key of one column and of one with two. */
const MORE = 600

/** What a backup takes out of one kind of database it puts into another. */
export function backupContract(kind: string, from: MakePlace, into: MakePlace): void {
  describe(`backup contract: ${kind}`, () => {
    test('every row of every table comes back equal', async (t) => {
      const [source, target] = [await from(t), await into(t)]
      await upgradeSchema(source.url)
      await fillEveryTable(source.url, LATEST, MORE)
      const { content, parts } = await taken(source.url)
      await restore(target.url, content)
      const back = await taken(target.url)
      assert.deepEqual(rowsByTable(back.parts), rowsByTable(parts))
      for (const [name, rows] of rowsByTable(back.parts)) {
        assert.ok(rows.length > 0, `${name} has nothing to compare`)
      }
      assert.deepEqual(
        await source.execute('select secrets.id, secrets.name from secrets where name is not null'),
        await target.execute('select secrets.id, secrets.name from secrets where name is not null'),
      )
    })

    test('a task that somebody works on is free in the copy, and costs what it cost', async (t) => {
      const [source, target] = [await from(t), await into(t)]
      await upgradeSchema(source.url)
      await fillEveryTable(source.url)
      await restore(target.url, (await taken(source.url)).content)
      const leases = 'select lease_until, lease_owner, attempts from order_tasks'
      assert.deepEqual(await target.execute(leases), [
        { lease_until: null, lease_owner: null, attempts: 3 },
      ])
      assert.equal((await source.execute(leases))[0]?.['lease_owner'], 'somebody')
    })

    test('what is written while it is read is not in it', async (t) => {
      const source = await from(t)
      await upgradeSchema(source.url)
      await fillEveryTable(source.url, LATEST, MORE)
      const open = await openBackupSource(source.url)
      try {
        await source.execute("delete from tombstones where kind = 'secret'")
        await source.execute("update secrets set name = 'later' where id like '00000599%'")
        const rows = rowsByTable(await listOf(open.parts()))
        assert.equal(rows.get('tombstones')?.length, 1)
        assert.ok(!JSON.stringify(rows.get('secrets')).includes('later'))
        assert.equal([...rows.values()].flat().length, open.rows)
      } finally {
        await open.close()
      }
    })

    test('an older schema is restored as it was, and brought to this release', async (t) => {
      const [source, target] = [await from(t), await into(t)]
      await upgradeSchema(source.url, FIRST)
      await fillEveryTable(source.url, FIRST)
      const { content, parts } = await taken(source.url)
      await restore(target.url, content, FIRST)
      assert.equal((await schemaStatus(target.url)).current, LATEST)
      const now = rowsByTable((await taken(target.url)).parts)
      for (const [name, rows] of rowsByTable(parts)) {
        // Columns that came later stand behind those of then, and know nothing.
        const known = (row: string) => row.replace(/(,null)+\]$/, ']')
        assert.deepEqual(now.get(name)?.map(known), rows.map(known), name)
      }
    })

    test('a newer schema is refused in one sentence, and nothing is made', async (t) => {
      const target = await into(t)
      await assert.rejects(
        openBackupTarget(target.url, '9999-newer'),
        refusal(/^The backup has the schema of a newer release \(9999-newer\); this one knows 0/),
      )
      assert.equal((await schemaStatus(target.url)).current, undefined)
    })

    test('a database of another schema than the backup is refused', async (t) => {
      const target = await into(t)
      await upgradeSchema(target.url)
      await assert.rejects(openBackupTarget(target.url, FIRST), refusal(/that has no tables yet/))
    })

    test('a database with a row anywhere is refused, and keeps it', async (t) => {
      const full = await from(t)
      await upgradeSchema(full.url)
      await fillEveryTable(full.url)
      const { content } = await taken(full.url)
      const names = (backupTables(LATEST) ?? []).map(({ name }) => name)
      for (const name of names.toReversed()) {
        await assert.rejects(restore(full.url, content), refusal(/is not empty \(\w+ has rows\)/))
        await full.execute(`delete from ${name}`)
      }
      await restore(full.url, content)
    })

    test('what breaks off in the middle leaves it empty, and restoring again works', async (t) => {
      const [source, target] = [await from(t), await into(t)]
      await upgradeSchema(source.url)
      await fillEveryTable(source.url, LATEST, MORE)
      const { content } = await taken(source.url)
      for (const end of [content.length >> 2, content.length >> 1, content.length - 1]) {
        await assert.rejects(
          restore(target.url, content.subarray(0, end)),
          refusal(/it ends too early/),
        )
        const counted = await target.execute('select count(*) as counted from deployment')
        assert.equal(Number(counted[0]?.['counted']), 0)
      }
      await restore(target.url, content)
    })

    test('a row that breaks a rule of the schema is refused, and nothing is kept', async (t) => {
      const target = await into(t)
      const parts: BackupPart[] = (backupTables(LATEST) ?? []).flatMap(({ name, columns }) => [
        { kind: 'table', name, columns },
        ...(name === 'secret_acl_users' ? [{ kind: 'rows' as const, rows: [['gone', 'u']] }] : []),
      ])
      const content = await allOf(encodeParts(eachOf(parts), () => undefined))
      await assert.rejects(restore(target.url, content), refusal(/its schema does not allow/))
      const rows = await target.execute('select secret_id from secret_acl_users')
      assert.deepEqual(rows, [])
    })
  })
}

/** A backup's content, and the parts that went into it. */
export async function taken(url: string) {
  const source = await openBackupSource(url)
  try {
    assert.equal(source.deploymentId, DEPLOYMENT_ID)
    const parts = await listOf(source.parts())
    return { parts, content: await allOf(encodeParts(eachOf(parts), () => undefined)) }
  } finally {
    await source.close()
  }
}

export async function restore(url: string, content: Uint8Array, schema = LATEST): Promise<void> {
  const target = await openBackupTarget(url, schema)
  try {
    const head = { deploymentId: DEPLOYMENT_ID, schema, createdAt: '' as Timestamp }
    const backup = { head, content: inPieces(content, 1000), close: async () => undefined }
    const nothing = () => undefined
    await restoreBackup({ backup, target, onWritten: nothing, onReadBack: nothing })
  } finally {
    await target.close()
  }
}

/** In an order of our own: databases sort text each in their way. */
function rowsByTable(parts: readonly BackupPart[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  let name = ''
  for (const part of parts) {
    if (part.kind === 'table') {
      name = part.name
      found.set(name, [])
      continue
    }
    found.get(name)?.push(...part.rows.map((row) => JSON.stringify(row.map(shown))))
  }
  for (const rows of found.values()) rows.sort()
  return found
}

function shown(value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { aProjectKey, newProjectId } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

test('a row whose column was given another type by hand is refused and told of', async (t) => {
  const events: DatabaseEvent[] = []
  const { database, execute } = await freshDatabase(t, { onEvent: (event) => events.push(event) })
  const key = aProjectKey(newProjectId())
  await database.projectKeys.activate(key)
  execute("update project_keys set commitment = 'text where bytes belong'")

  await assert.rejects(database.projectKeys.find(key.id), (error: unknown) => {
    return error instanceof Fault && error.kind === 'corrupted'
  })
  const damage = events.find((event) => event.type === 'damagedRow')
  assert.equal(damage?.kind, 'project-key')
  assert.equal(damage?.id, Buffer.from(key.id).toString('hex'))
  assert.match(damage?.what ?? '', /commitment/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import { Fault } from '../../../src/lib/fault.ts'
import {
  aMember,
  aProjectKey,
  NOW,
  newProjectId,
  Project,
} from '../../contract/recordsForRepositories.ts'
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

for (const column of ['name', 'secret_id']) {
  test(`a container whose member was given bytes for its ${column} is refused and told of`, async (t) => {
    const events: DatabaseEvent[] = []
    const { database, execute } = await freshDatabase(t, { onEvent: (event) => events.push(event) })
    const project = await Project.make({ ...database, execute })
    const secret = project.secret()
    await database.secrets.insert(secret)
    const container = project.container({ members: [aMember(secret, 'm')] })
    await database.containers.insert(container, NOW)
    execute(`update container_secrets set ${column} = x'00ff'`)

    await assert.rejects(database.containers.find(container.id), (error: unknown) => {
      return error instanceof Fault && error.kind === 'corrupted'
    })
    const damage = events.find((event) => event.type === 'damagedRow')
    assert.equal(damage?.kind, 'container')
    assert.equal(damage?.id, container.id)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, statementsOf } from '../../../src/db/commands/commandTable.ts'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import type { Row, Statement } from '../../../src/db/statement.ts'
import type { CertificateFacts } from '../../../src/model/certificateFacts.ts'
import { at, NOW, Project } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

const FACTS: CertificateFacts = {
  kind: 'certificate',
  notBefore: NOW,
  notAfter: at('2027-01-01T00:00:00.000000'),
  publicKey: null,
  chain: 'open',
  ownKey: 'none',
  links: [],
}

/** The statements of a command, each of which finds these rows and changes one. */
function statements(command: Command, rows: readonly Row[] = []): readonly Statement[] {
  const seen: Statement[] = []
  const running = statementsOf(command, dialectSqlite)
  for (let step = running.next(); step.done !== true; ) {
    seen.push(step.value)
    step = running.next({ rows, changes: 1 })
  }
  return seen
}

test('a secret of which nothing is known is one statement alone, one with facts is two together', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const plain = statements({ name: 'insertSecret', args: [project.secret(), -1, undefined] })
  assert.deepEqual(
    plain.map(({ isAlone }) => isAlone),
    [true],
  )
  const secret = project.secret({ secretType: 'certificate' })
  const both = statements({ name: 'insertSecret', args: [secret, -1, FACTS] })
  assert.equal(both.length, 2)
  assert.match(both[1]?.sql ?? '', /^insert into certificate_facts/)
  // Of two, the first must not be on its own.
  assert.ok(both.every(({ isAlone }) => isAlone !== true))
})

test('deleting a key of a disk asks nothing about certificates, deleting a certificate one statement', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const deletion = (secretType: string): readonly Statement[] => {
    const { id, rowMac } = project.secret()
    const row = {
      ...{ id, project_id: project.id, creator_id: null, created_at: NOW, row_mac: rowMac },
      ...{ has_payload: 1, secret_type: secretType },
    }
    return statements({ name: 'removeSecret', args: [id, rowMac, NOW, 'remove'] }, [row])
  }
  const ofDisk = deletion('symmetric')
  assert.ok(!ofDisk.some(({ sql }) => sql.includes('certificate_facts')))
  for (const type of ['certificate', 'private', 'opaque']) {
    assert.equal(deletion(type).length, ofDisk.length + 1, type)
  }
})

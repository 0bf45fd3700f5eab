import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from '../../../src/db/commands/commandTable.ts'
import { SqliteConnection } from '../../../src/db/dialectSqliteConnection.ts'
import { GroupCommit, type WritableConnection } from '../../../src/db/groupCommit.ts'
import type { Statement, StatementResult } from '../../../src/db/statement.ts'
import type { Answer, WriterThreadEvent } from '../../../src/db/writerMessages.ts'
import type { Acl } from '../../../src/model/acl.ts'
import { NOW, Project } from '../../contract/recordsForRepositories.ts'
import { type FreshDatabase, freshDatabase } from '../../support/freshDatabase.ts'

/** A real connection that fails where the test says. */
class Saboteur implements WritableConnection {
  readonly #real: SqliteConnection
  commits = 0
  isClosed = false
  onBegin = () => {}
  onCommit = () => {}
  onExecute = (_statement: Statement) => {}

  constructor(path: string) {
    this.#real = new SqliteConnection({ path, access: 'write', busyTimeoutMs: 50 })
  }

  execute(statement: Statement): StatementResult {
    this.onExecute(statement)
    return this.#real.execute(statement)
  }
  beginWrite(): void {
    this.onBegin()
    this.#real.beginWrite()
  }
  commit(): void {
    this.commits += 1
    this.onCommit()
    this.#real.commit()
  }
  rollback(): void {
    this.#real.rollback()
  }
  get isInTransaction(): boolean {
    return this.#real.isInTransaction
  }
  ensureFilesInPlace(): void {
    this.#real.ensureFilesInPlace()
  }
  checkpoint(mode: 'passive' | 'truncate') {
    return this.#real.checkpoint(mode)
  }
  close(): void {
    this.isClosed = true
    this.#real.close()
  }
}

function failing(code: string): Error {
  return Object.assign(new Error('sabotage'), { code })
}

interface Scene {
  readonly fresh: FreshDatabase
  readonly project: Project
  readonly groupCommit: GroupCommit
  readonly opened: Saboteur[]
  readonly events: WriterThreadEvent[]
  /** The connection in use. */
  sabotage(): Saboteur
  inserts(count: number): readonly Command[]
  /** Of two statements each. */
  insertsWithAcl(count: number): readonly Command[]
  isStored(command: Command | undefined): boolean
}

async function scene(t: { after(work: () => Promise<void>): unknown }): Promise<Scene> {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const opened: Saboteur[] = []
  const events: WriterThreadEvent[] = []
  const groupCommit = new GroupCommit({
    open: () => {
      const connection = new Saboteur(fresh.path)
      opened.push(connection)
      return connection
    },
    onEvent: (event) => events.push(event),
  })
  groupCommit.connection()
  t.after(async () => groupCommit.close())
  return {
    fresh,
    project,
    groupCommit,
    opened,
    events,
    sabotage: () => opened.at(-1) as Saboteur,
    inserts: (count) =>
      Array.from({ length: count }, () => ({ name: 'insertSecret', args: [project.secret()] })),
    insertsWithAcl: (count) =>
      Array.from({ length: count }, () => ({
        name: 'insertSecret',
        args: [project.secret({ acl: ACL })],
      })),
    isStored: (command) => {
      const [secret] = command?.name === 'insertSecret' ? command.args : []
      return fresh.execute('select id from secrets where id = ?', secret?.id ?? '').length === 1
    },
  }
}

const ACL: Acl = { projectAccess: false, users: ['alice'], createdAt: NOW, updatedAt: NOW }

const kinds = (answers: readonly Answer[]) => answers.map((answer) => answer.kind)
const doneOf = (answers: readonly Answer[]) => answers.map((a) => a.kind === 'done' && a.result)

test('commands of one batch share one commit', async (t) => {
  const { groupCommit, inserts, isStored, sabotage } = await scene(t)
  const batch = inserts(20)
  assert.deepEqual(doneOf(groupCommit.run(batch)), Array(20).fill('inserted'))
  assert.ok(batch.every(isStored))
  assert.equal(sabotage().commits, 1)
})

test('a constraint takes back one command only', async (t) => {
  const { groupCommit, inserts, isStored, sabotage } = await scene(t)
  const [a, b, c] = inserts(3) as [Command, Command, Command]
  assert.deepEqual(kinds(groupCommit.run([a, b, b, c])), ['done', 'done', 'bug', 'done'])
  assert.ok([a, b, c].every(isStored))
  assert.equal(sabotage().commits, 1)
})

test('a command that fails at its second write leaves nothing of its first', async (t) => {
  const { groupCommit, insertsWithAcl, isStored, sabotage } = await scene(t)
  const batch = insertsWithAcl(3)
  let left = 1
  sabotage().onExecute = ({ sql }) => {
    if (sql.startsWith('insert into secret_acl_users ') && left-- === 0)
      throw failing('SQLITE_FULL')
  }
  assert.deepEqual(kinds(groupCommit.run(batch)), ['done', 'unavailable', 'done'])
  assert.deepEqual(batch.map(isStored), [true, false, true])
})

test('a savepoint is opened for a command of several writes, and for no other', async (t) => {
  const { groupCommit, inserts, insertsWithAcl, sabotage } = await scene(t)
  let savepoints = 0
  sabotage().onExecute = ({ sql }) => {
    if (sql.startsWith('savepoint')) savepoints += 1
  }
  assert.deepEqual(
    kinds(groupCommit.run([...inserts(3), ...insertsWithAcl(2)])),
    Array(5).fill('done'),
  )
  assert.equal(savepoints, 2)
})

test('a failed COMMIT acknowledges nothing, is not repeated, and its connection is given up', async (t) => {
  const { groupCommit, inserts, isStored, opened, sabotage, events } = await scene(t)
  const broken = sabotage()
  broken.onCommit = () => {
    throw failing('SQLITE_IOERR_FSYNC')
  }
  const batch = inserts(3)
  for (const answer of groupCommit.run(batch)) {
    assert.equal(answer.kind, 'unavailable')
    assert.ok(answer.kind === 'unavailable' && answer.isOutcomeUnknown)
  }
  assert.equal(broken.commits, 1)
  assert.ok(broken.isClosed)
  assert.ok(!batch.some(isStored))
  assert.deepEqual(events.at(-1), {
    type: 'connectionLost',
    reason: 'SQLITE_IOERR_FSYNC: sabotage',
  })

  const after = inserts(2)
  assert.deepEqual(kinds(groupCommit.run(after)), ['done', 'done'])
  assert.ok(after.every(isStored))
  assert.equal(opened.length, 2)
  assert.equal(broken.commits, 1)
})

test('when one command rolls back the whole transaction, the others are run again alone', async (t) => {
  const { groupCommit, inserts, isStored, sabotage } = await scene(t)
  const batch = inserts(5)
  const poison = batch[2]
  const [secret] = poison?.name === 'insertSecret' ? poison.args : []
  const connection = sabotage()
  connection.onExecute = ({ sql, params }) => {
    if (!sql.startsWith('insert into secrets ') || params[0] !== secret?.id) return
    connection.rollback()
    throw failing('SQLITE_FULL')
  }
  const answers = groupCommit.run(batch)
  assert.deepEqual(kinds(answers), ['done', 'done', 'unavailable', 'done', 'done'])
  assert.deepEqual(batch.map(isStored), [true, true, false, true, true])
  assert.ok(answers[2]?.kind === 'unavailable' && !answers[2].isOutcomeUnknown)
})

test('a statement that fails for want of space takes back its own command, and no other', async (t) => {
  const { groupCommit, inserts, isStored, sabotage } = await scene(t)
  const batch = inserts(3)
  let left = 1
  sabotage().onExecute = ({ sql }) => {
    if (sql.startsWith('insert into secrets ') && left-- === 0) throw failing('SQLITE_FULL')
  }
  assert.deepEqual(kinds(groupCommit.run(batch)), ['done', 'unavailable', 'done'])
  assert.deepEqual(batch.map(isStored), [true, false, true])
})

test('a savepoint that cannot be taken back ends the batch without one acknowledgement', async (t) => {
  const { groupCommit, insertsWithAcl, isStored, sabotage } = await scene(t)
  const batch = insertsWithAcl(3)
  let left = 1
  sabotage().onExecute = ({ sql }) => {
    if (sql.startsWith('insert into secrets ') && left-- === 0) throw failing('SQLITE_IOERR_WRITE')
    if (sql.startsWith('rollback to')) throw failing('SQLITE_IOERR_READ')
  }
  assert.deepEqual(kinds(groupCommit.run(batch)), Array(3).fill('unavailable'))
  assert.ok(!batch.some(isStored))
  assert.deepEqual(kinds(groupCommit.run(batch)), Array(3).fill('done'))
})

test('while another process holds the lock the batch is unavailable, and the connection stays', async (t) => {
  const { fresh, groupCommit, inserts, opened } = await scene(t)
  fresh.execute('begin immediate')
  const batch = inserts(2)
  assert.deepEqual(kinds(groupCommit.run(batch)), ['unavailable', 'unavailable'])
  fresh.execute('rollback')
  assert.deepEqual(kinds(groupCommit.run(batch)), ['done', 'done'])
  assert.equal(opened.length, 1)
})

test('a database that cannot be opened is unavailable until it can', async (t) => {
  const { fresh, inserts } = await scene(t)
  let isAway = true
  const groupCommit = new GroupCommit({
    open: () => {
      if (isAway) throw failing('SQLITE_CANTOPEN')
      return new Saboteur(fresh.path)
    },
    onEvent: () => {},
  })
  t.after(async () => groupCommit.close())
  const batch = inserts(1)
  assert.deepEqual(kinds(groupCommit.run(batch)), ['unavailable'])
  isAway = false
  assert.deepEqual(kinds(groupCommit.run(batch)), ['done'])
})

test('a file moved away is not written to, though SQLite would, and one moved back is', async (t) => {
  const { fresh, groupCommit, inserts, isStored } = await scene(t)
  const batch = inserts(2)
  renameSync(fresh.path, `${fresh.path}.away`)
  const [answer] = groupCommit.run(batch)
  assert.ok(answer?.kind === 'unavailable' && !answer.isOutcomeUnknown)
  renameSync(`${fresh.path}.away`, fresh.path)
  assert.ok(!batch.some(isStored))
  assert.deepEqual(kinds(groupCommit.run(batch)), ['done', 'done'])
  assert.ok(batch.every(isStored))
})

test('what was committed into a file that left meanwhile is not acknowledged', async (t) => {
  const { fresh, groupCommit, inserts, sabotage } = await scene(t)
  sabotage().onCommit = () => renameSync(fresh.path, `${fresh.path}.away`)
  const [answer] = groupCommit.run(inserts(1))
  assert.ok(answer?.kind === 'unavailable' && answer.isOutcomeUnknown)
  renameSync(`${fresh.path}.away`, fresh.path)
})

test('our own mistake is told as one, and its neighbours pass', async (t) => {
  const { groupCommit, inserts, isStored, project } = await scene(t)
  const good = inserts(2)
  const macless: Command = { name: 'insertSecret', args: [{ ...project.secret(), rowMac: null }] }
  const reserve: Command = { name: 'reserveDataKeyWraps', args: [project.key.id, 1] }
  const absent: Command = {
    name: 'removeSecret',
    args: [project.secret().id, project.mac(), NOW, 'remove'],
  }
  const batch = [good[0], macless, reserve, absent, good[1]] as readonly Command[]
  const answers = groupCommit.run(batch)
  assert.deepEqual(kinds(answers), ['done', 'bug', 'done', 'done', 'done'])
  assert.deepEqual(doneOf(answers).slice(2, 4), [0, 'gone'])
  assert.ok(good.every(isStored))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findById } from '../../../src/db/findById.ts'
import { GatheredFinds } from '../../../src/db/server/gatheredFinds.ts'
import type { Row, Statement } from '../../../src/db/statement.ts'

const FIND = findById('secrets', ['secrets.id', 'secrets.name'])

/** Answers every id but those that begin with `no`, when it is told to. */
class Server {
  readonly statements: Statement[] = []
  readonly #waiting: ((failure?: Error) => void)[] = []

  readonly rowsOf = (statement: Statement): Promise<readonly Row[]> => {
    this.statements.push(statement)
    return new Promise((resolve, reject) => {
      this.#waiting.push((failure) => {
        if (failure !== undefined) return reject(failure)
        const ids = [...new Set(statement.params)].filter((id) => !String(id).startsWith('no'))
        resolve(ids.map((id) => ({ id, name: `name of ${String(id)}` })))
      })
    })
  }

  async answerAll(failure?: Error): Promise<void> {
    for (const answer of this.#waiting.splice(0)) answer(failure)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const finds = (server: Server, together = 4) =>
  new GatheredFinds(FIND, { rowsOf: server.rowsOf, together })
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a lone find is the statement it always was', async () => {
  const server = new Server()
  const found = finds(server).byId('a')
  await turn()
  assert.deepEqual(server.statements, [
    { sql: 'select secrets.id, secrets.name from secrets where secrets.id = ?', params: ['a'] },
  ])
  await server.answerAll()
  assert.equal((await found)?.['name'], 'name of a')
})

test('those that come in one turn share a statement, and each gets its own row', async () => {
  const server = new Server()
  const gathered = finds(server)
  const asked = ['a', 'nobody', 'b', 'a'].map((id) => gathered.byId(id))
  await turn()
  assert.equal(server.statements.length, 1)
  assert.match(server.statements[0]?.sql ?? '', / in \(\?, \?, \?, \?\)$/)
  assert.deepEqual(server.statements[0]?.params, ['a', 'nobody', 'b', 'a'])
  await server.answerAll()
  const names = (await Promise.all(asked)).map((row) => row?.['name'])
  assert.deepEqual(names, ['name of a', undefined, 'name of b', 'name of a'])
})

test('at most so many statements are under way; what comes meanwhile shares the next', async () => {
  const server = new Server()
  const gathered = finds(server, 1)
  const first = gathered.byId('first')
  await turn()
  const others: Promise<Row | undefined>[] = []
  for (const id of ['b', 'c', 'd']) {
    others.push(gathered.byId(id))
    await turn()
  }
  assert.equal(server.statements.length, 1)
  await server.answerAll()
  await first
  assert.equal(server.statements.length, 2)
  assert.deepEqual(server.statements[1]?.params, ['b', 'c', 'd', 'b'])
  await server.answerAll()
  assert.deepEqual(
    (await Promise.all(others)).map((row) => row?.['id']),
    ['b', 'c', 'd'],
  )
})

test('hundreds at once make seven lengths of statement and no more', async () => {
  const server = new Server()
  const gathered = finds(server, 100)
  for (let count = 1; count <= 200; count += 7) {
    const ids = Array.from({ length: count }, (_, n) => `${count}-${n}`)
    const asked = ids.map((id) => gathered.byId(id))
    await turn()
    await server.answerAll()
    assert.deepEqual(
      (await Promise.all(asked)).map((row) => row?.['id']),
      ids,
    )
  }
  const lengths = new Set(server.statements.map(({ sql }) => sql))
  assert.ok(lengths.size <= 7, [...lengths].join('\n'))
})

test('a failure reaches all who shared it, and nobody who comes later', async () => {
  const server = new Server()
  const gathered = finds(server)
  const asked = ['a', 'b'].map((id) => gathered.byId(id))
  await turn()
  const settled = Promise.allSettled(asked)
  await server.answerAll(new Error('gone'))
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  const next = gathered.byId('a')
  await turn()
  await server.answerAll()
  assert.equal((await next)?.['id'], 'a')
})

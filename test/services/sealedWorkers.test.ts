import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freshServerDatabase } from '../support/serverDatabase.ts'
import { TransportServer, until } from '../transport/server.ts'

const WORKERS = 3
/** Connections are dealt out in turn: each worker has several of them. */
const ASKED = 4 * WORKERS

async function healths({ port }: TransportServer): Promise<ReadonlySet<string>> {
  const answers = new Set<string>()
  for (let time = 0; time < ASKED; time += 1) {
    const headers = { Connection: 'close' }
    const answer = await fetch(`http://127.0.0.1:${port}/healthcheck`, { headers })
    answers.add(await answer.text())
  }
  return answers
}

function workersOf({ pid }: TransportServer): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number)
}

describe('several workers whose keyring is sealed by shares', () => {
  test('are opened by one unsealing, stay open when one dies, and are sealed together', async (t) => {
    const database = await freshServerDatabase('postgresql')
    t.after(() => database.drop())
    const node = await TransportServer.of(t)
    node.configure({
      DEFAULT: { workers: String(WORKERS), auth_strategy: 'token' },
      database: { connection: database.url },
      keyring: { protection: 'shares' },
    })
    const people = join(node.folder, 'people')
    const args = ['--shares=3', '--threshold=2', '--output-dir', people]
    const [, ...shares] = (await node.command('kek', 'seal', ...args)).trim().split('\n')
    node.start()
    // The first one listens; the others may still be on their way, and are opened as well.
    await node.told('a worker serves')
    assert.deepEqual([...(await healths(node))], ['SEALED'])
    assert.ok((await node.metric('gatehouse_sealed')) > 0)
    for (const share of shares) await node.command('unseal', '--share-file', share)
    await node.told('a worker serves', WORKERS)
    assert.deepEqual([...(await healths(node))], ['OK'])
    assert.equal(await node.metric('gatehouse_sealed'), 0)

    const [victim = assert.fail('no worker')] = workersOf(node)
    process.kill(victim, 'SIGKILL')
    await node.told('a worker serves', WORKERS + 1)
    assert.deepEqual([...(await healths(node))], ['OK'], 'its parent has the key')

    await node.command('seal')
    await until(async () => (await node.metric('gatehouse_sealed')) === WORKERS, 'all sealed')
    assert.deepEqual([...(await healths(node))], ['SEALED'])
    for (const share of shares) await node.command('unseal', '--share-file', share)
    assert.deepEqual([...(await healths(node))], ['OK'])

    assert.deepEqual(await node.stop(), { code: 0, signal: null })
    node.start()
    await until(async () => (await healths(node)).has('SEALED'), 'sealed after a new start')
    const log = readFileSync(join(node.folder, 'gatehouse.log'), 'utf8')
    for (const share of shares) {
      const secret = readFileSync(share, 'latin1').split('-')[6] ?? ''
      assert.ok(secret.length === 52 && !log.includes(secret.slice(0, 10)))
    }
  })
})

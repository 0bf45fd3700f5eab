import assert from 'node:assert/strict'
import { copyFile, rename } from 'node:fs/promises'
import { test } from 'node:test'
import { freshServerDatabase, type ServerKind } from '../support/serverDatabase.ts'
import { startNodes, until } from '../support/severalNodes.ts'

const KINDS: Readonly<Record<string, ServerKind>> = { PostgreSQL: 'postgresql', MariaDB: 'mysql' }
const SECRETS = 40

for (const [name, kind] of Object.entries(KINDS)) {
  test(`two nodes on ${name}: a KEK is promoted when both hold it, and keys are rotated while both are read`, async (t) => {
    const shared = await freshServerDatabase(kind)
    t.after(() => shared.drop())
    const configuration = { rotation: { settle_time: '2' } }
    const { nodes, caller } = await startNodes(t, [shared.url, shared.url], configuration)
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    const owner = await caller('p', ['creator'])
    const ids: string[] = []
    for (let index = 0; index < SECRETS; index += 1) {
      ids.push(await owner.store(index % 2 === 0 ? first : second, `payload ${index}`))
    }
    const reportedBy = async (made: string) => {
      const rows = shared.execute('select keks from nodes')
      return rows.filter((row) => String(row['keks']).includes(made)).length
    }
    const keyring = (node: typeof first) => node.homeOf('state/keyring')
    const bring = async () => {
      const copy = `${keyring(second)}.new`
      await copyFile(keyring(first), copy)
      await rename(copy, keyring(second))
    }

    const made = /KEK ([0-9a-f]{16})/.exec(await first.command('kek', 'generate'))?.[1] ?? ''
    await until(async () => (await reportedBy(made)) === 1, 'the first node does not report')
    await assert.rejects(first.command('kek', 'promote'), (error: unknown) => {
      const { code, stdout } = error as { code: number; stdout: string }
      assert.equal(code, 18)
      assert.match(stdout, new RegExp(`process ${second.pid}`))
      return true
    })
    await bring()
    await until(async () => (await reportedBy(made)) === 2, 'the second node does not report')

    let isOver = false
    const wrong: string[] = []
    const reading = [first, second].map(async (node) => {
      for (let round = 0; !isOver; round += 1) {
        const at = round % SECRETS
        const payload = await owner.payload(node, ids[at] ?? '')
        if (payload !== `payload ${at}`) wrong.push(`${node.name}: ${payload}`)
      }
    })
    await first.command('kek', 'promote')
    await bring()
    const primaries = () =>
      shared
        .execute('select keks from nodes')
        .filter((row) => String(row['keks']).includes(`"id":"${made}","state":"primary"`)).length
    await until(() => primaries() === 2, 'the nodes do not wrap under the new KEK')
    assert.match(await first.command('kek', 'rewrap'), /state {7}done/)
    await first.command('rotate', 'project-keys', '--all')
    const report = await second.command('rotate', 'data-keys', '--verify', 'full')
    isOver = true
    await Promise.all(reading)
    assert.deepEqual(wrong, [])
    assert.match(report, /destroyed {3}1 project keys/)
    const keys = shared.execute('select state, kek_id from project_keys')
    assert.deepEqual(
      keys.map((row) => [row['state'], row['kek_id']]),
      [['active', made]],
    )
    for (const node of nodes) assert.doesNotMatch(await node.logs(), /"level":"fatal"/)
    // The one that works on jobs is killed, and the other goes on.
    await first.command('rotate', 'project-keys', '--all')
    const [job = ''] = (
      await first.command('rotate', 'data-keys', '--detach', '--rate', '8')
    ).split('\n')
    const isWorkedOn = async () => {
      const [row] = shared.execute(`select done from jobs where id = '${job}'`)
      return Number(row?.['done']) > 0
    }
    await until(isWorkedOn, 'nobody works on the job')
    const logs = await first.logs()
    const holder = logs.includes(job) ? first : second
    const other = holder === first ? second : first
    await holder.kill()
    await until(
      async () => /state {7}done/.test(await other.command('jobs', 'show', job)),
      'not done',
      60_000,
    )
    for (const [index, id] of ids.entries()) {
      assert.equal(await owner.payload(other, id), `payload ${index}`)
    }
  })
}

import assert from 'node:assert/strict'
import { copyFile, rename } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { openDatabase } from '../../src/db/database.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { surveyRecords } from '../../src/domain/rotation/survey.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Gatehouse } from '../peers/gatehouse.ts'
import { GaleraCluster } from '../support/galeraCluster.ts'
import { startNodes, until } from '../support/severalNodes.ts'
import { Traffic } from '../support/traffic.ts'

const SIZE = 3
const PROJECTS = ['a', 'b']
const SECRETS = 60
/** Slow enough to be met in the middle. */
const SLOWLY = ['--detach', '--rate', '60']
/** Conflicts are a matter of chance: so many rotations may it take to meet one. */
const MOST_ROTATIONS = 8
const PATIENCE_MS = 240_000

/* The claims build on each other: each goes on with the cluster that the one before left, under the same traffic. */
describe('rotation on Galera, each server on a database node of its own', () => {
  let cluster: GaleraCluster
  let nodes: readonly Gatehouse[]
  let traffic: Traffic
  const closers: (() => unknown)[] = []

  before(async () => {
    cluster = await GaleraCluster.start(SIZE)
    closers.push(() => cluster.stop())
    await cluster.execute(0, 'create database rotated')
    const urls = Array.from({ length: SIZE }, (_, index) => cluster.url(index, 'rotated'))
    await upgradeSchema(urls[0] ?? assert.fail())
    const cloud = await startNodes({ after: (work) => closers.push(work) }, urls, {
      rotation: { settle_time: '5' },
    })
    nodes = cloud.nodes
    const callers = await Promise.all(PROJECTS.map((it) => cloud.caller(it, ['creator'])))
    traffic = new Traffic(nodes, callers)
    closers.push(() => traffic.stop())
    await traffic.fill(SECRETS)
    traffic.start()
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })

  const node = (index: number): Gatehouse => nodes[index] ?? assert.fail()
  const other = (index: number): number => (index + 1) % SIZE
  const asked = async (sql: string, at = 0) => cluster.execute(at, sql)
  const conflicts = async (): Promise<number> => {
    let sum = 0
    for (let index = 0; index < SIZE; index += 1) {
      const rows = await asked(
        "show global status where variable_name in ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')",
        index,
      )
      for (const row of rows) sum += Number(row['Value'])
    }
    return sum
  }
  const begun = async (at: Gatehouse, ...verb: readonly string[]): Promise<string> =>
    (await at.command(...verb)).split('\n')[0] ?? ''
  /** Its report, once it has come to its end; asked of this node's database, for a verb is a process each time. */
  const ended = async (index: number, job: string): Promise<string> => {
    const row = async () =>
      (await asked(`select * from rotated.jobs where id = '${job}'`, index))[0]
    const isOver = async () => (await row())?.['state'] !== 'running'
    await until(isOver, 'no end', PATIENCE_MS).catch(async (cause: unknown) => {
      throw new Error(`It has no end: ${JSON.stringify(await row())}`, { cause })
    })
    return node(index).command('jobs', 'show', job)
  }
  /** Which server works on the job, once it has moved something. */
  const workingOn = async (job: string, from: number): Promise<number> => {
    const done = async () =>
      Number((await asked(`select done from rotated.jobs where id = '${job}'`, from))[0]?.['done'])
    await until(async () => (await done()) > 0, 'nobody works on it', PATIENCE_MS)
    const [lease] = await asked("select owner from rotated.leases where name = 'jobs'", from)
    const owner = String(lease?.['owner'])
    const [row] = await asked(`select name from rotated.nodes where id = '${owner}'`, from)
    const index = nodes.findIndex(({ pid }) => String(row?.['name']).endsWith(` ${pid}`))
    assert.notEqual(index, -1, `${owner}: ${row?.['name']}`)
    return index
  }
  const nextTermsBy = async (index: number): Promise<void> => {
    const job = await begun(node(index), 'rotate', 'project-keys', '--all', '--detach')
    assert.match(await ended(other(index), job), /state {7}done/)
  }
  const assertRotated = async (report: string): Promise<void> => {
    assert.match(report, /state {7}done/)
    assert.match(report, /failed {6}0/)
    const keys = await asked('select project_id, state from rotated.project_keys', 0)
    assert.deepEqual(
      keys.map((row) => `${row['project_id']} ${row['state']}`).toSorted(),
      PROJECTS.map((project) => `${project} active`),
    )
  }

  test('a KEK goes round, and all project keys are rewrapped under it', async () => {
    const keyring = (at: Gatehouse) => at.homeOf('state/keyring')
    const bring = async () => {
      for (const to of nodes.slice(1)) {
        await copyFile(keyring(node(0)), `${keyring(to)}.new`)
        await rename(`${keyring(to)}.new`, keyring(to))
      }
    }
    const nodesWith = async (text: string) =>
      (await asked('select keks from rotated.nodes')).filter((row) =>
        String(row['keks']).includes(text),
      ).length
    const made = /KEK ([0-9a-f]{16})/.exec(await node(0).command('kek', 'generate'))?.[1] ?? ''
    await bring()
    await until(async () => (await nodesWith(made)) === SIZE, 'not all hold it', PATIENCE_MS)
    await node(0).command('kek', 'promote')
    await bring()
    const wraps = `"id":"${made}","state":"primary"`
    await until(async () => (await nodesWith(wraps)) === SIZE, 'not all wrap', PATIENCE_MS)
    const job = await begun(node(1), 'kek', 'rewrap', '--detach')
    assert.match(await ended(2, job), /state {7}done/)
    const kekIds = await asked('select distinct kek_id from rotated.project_keys', 2)
    assert.deepEqual(
      kekIds.map((row) => row['kek_id']),
      [made],
    )
  })

  test('changes on other nodes that the cluster lets one of two win make no failed record', async (t) => {
    const before = await conflicts()
    let rotations = 0
    do {
      rotations += 1
      await nextTermsBy(rotations % SIZE)
      const job = await begun(node(rotations % SIZE), 'rotate', 'data-keys', '--detach')
      await assertRotated(await ended(other(rotations), job))
    } while ((await conflicts()) === before && rotations < MOST_ROTATIONS)
    const met = (await conflicts()) - before
    t.diagnostic(`${met} certification conflicts in ${rotations} rotations`)
    assert.ok(met > 0, 'No conflict was met: this shows nothing.')
  })

  test('the database node of the server that works is killed: another server goes on', async () => {
    await nextTermsBy(0)
    const job = await begun(node(0), 'rotate', 'data-keys', ...SLOWLY)
    const victim = await workingOn(job, 0)
    await cluster.kill(victim)
    const report = await ended(other(victim), job)
    await cluster.launch(victim)
    await assertRotated(report)
    const logs = await Promise.all(nodes.map((at) => at.logs()))
    const workers = logs.filter((log) => log.includes(`"job":"${job}"`))
    assert.equal(workers.length, 2, 'two servers worked on it, one after the other')
  })

  test('the server that works is killed, and its database node with it: another goes on', async () => {
    await nextTermsBy(1)
    const job = await begun(node(1), 'rotate', 'data-keys', ...SLOWLY)
    const victim = await workingOn(job, 1)
    await Promise.all([node(victim).kill(), cluster.kill(victim)])
    const report = await ended(other(victim), job)
    await cluster.launch(victim)
    await node(victim).startAgain()
    await assertRotated(report)
  })

  test('afterwards every acknowledged secret opens on every node, and nothing is under an old term', async (t) => {
    await traffic.stop()
    const { stored, deleted } = traffic
    t.diagnostic(`${stored} stored, ${deleted} deleted, ${traffic.changed} changes of ACLs`)
    const found = await Promise.all(nodes.map((at) => traffic.wrongAt(at)))
    assert.deepEqual(found.flat(), [])
    assert.deepEqual(traffic.wrong, [])
    assert.ok(deleted > 0 && traffic.changed > 0, 'there was no traffic')
    const database = await openDatabase({ url: cluster.url(2, 'rotated'), clock: systemClock() })
    try {
      const survey = await surveyRecords(database.rotation, { verify: 'dek' }, () => undefined)
      assert.deepEqual([survey.toMove, survey.oldTerms], [0, 0])
    } finally {
      await database.close()
    }
    for (const at of nodes) assert.doesNotMatch(await at.logs(), /"level":"fatal"/)
  })
})

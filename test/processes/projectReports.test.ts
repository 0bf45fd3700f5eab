import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { openDatabase } from '../../src/db/database.ts'
import { timeAfter } from '../../src/domain/projectDeletions.ts'
import { ProjectShredding } from '../../src/domain/projectShredding.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { Project } from '../contract/recordsForRepositories.ts'
import { served } from '../support/backedUpCloud.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { pastCloud } from '../support/pastCloud.ts'
import { freshFolder, runCli } from '../support/runCli.ts'

type Env = Readonly<Record<string, string>>

async function project(env: Env, ...args: readonly string[]) {
  const run = runCli({ args: ['project', ...args], env })
  return { code: await run.code, out: run.out(), err: run.err() }
}

/** A cloud whose only project was shredded beside the server, and its report in a file. */
async function shredded(t: TestContext) {
  const cloud = await pastCloud(t)
  const keys = cloud.execute('select id, store, term, commitment from project_keys') as {
    id: Buffer
    term: number
    commitment: Buffer
  }[]
  const ids = (cloud.execute('select id from secrets') as { id: string }[]).map(({ id }) => id)
  const { code, out, err } = await project(cloud.env, 'shred', 'p', '--yes')
  assert.equal(code, 0, err)
  assert.match(out, /`gatehouse project reports` shows the signed report/)
  const file = join(freshFolder(t), 'reports')
  const listed = await project(cloud.env, 'reports', '--out', file, '--ids', `${file}.ids`)
  assert.equal(listed.code, 0, listed.err)
  return { ...cloud, keys, ids, file, listed: listed.out }
}

describe('the report of a shredded project', () => {
  it('says which keys were destroyed and how much went, signed, and kept in the database', async (t) => {
    const { env, keys, ids, file, listed } = await shredded(t)
    assert.match(listed, /^\S+ +signed +p +\(1 keys, 3 secrets\)$/m)
    const { code, out } = await project(env, 'report', 'verify', file)
    assert.equal(code, 0, out)
    const report = JSON.parse(out.slice(0, out.lastIndexOf('}') + 1))
    assert.equal(report.project_id, 'p')
    assert.equal(report.asked_for_by, 'operator')
    assert.match(report.deployment_id, /^[0-9a-f]{32}$/)
    assert.equal(report.removed.secrets, ids.length)
    assert.deepEqual(
      report.destroyed_keys.map((key: { id: string; commitment: string; term: number }) => [
        key.id,
        key.commitment,
        key.term,
      ]),
      keys.map(({ id, commitment, term }) => [
        id.toString('hex'),
        commitment.toString('hex'),
        term,
      ]),
    )
    assert.match(report.bound, /within 60 seconds/)
    assert.ok(report.not_covered.some((what: string) => /Backups/.test(what)))
    assert.ok(report.keys_destroyed_at <= report.finished_at)
    assert.match(out, /1 report is as signed\.$/m)
  })

  it('can be checked elsewhere with the public key alone, and not with another, nor when changed', async (t) => {
    const { env, file } = await shredded(t)
    const key = await project(env, 'report', 'key')
    assert.match(key.out, /BEGIN PUBLIC KEY/)
    const keyFile = `${file}.pub`
    writeFileSync(keyFile, key.out)
    assert.equal((await project({}, 'report', 'verify', file, '--key', keyFile)).code, 0)

    const [head = '', payload = '', signature = ''] = readFileSync(file, 'utf8').trim().split('.')
    const text = Buffer.from(payload, 'base64url').toString('utf8')
    const changed = Buffer.from(text.replace('"secrets":3', '"secrets":2')).toString('base64url')
    assert.notEqual(changed, payload)
    writeFileSync(`${file}.changed`, `${head}.${changed}.${signature}\n`)
    const forged = await project(env, 'report', 'verify', `${file}.changed`)
    assert.equal(forged.code, EXIT_CODES.damaged.code)

    const stranger = await pastCloud(t)
    const other = await project(stranger.env, 'report', 'verify', file)
    assert.equal(other.code, EXIT_CODES.damaged.code)
    assert.match(other.out, /is not what this key signed/)
    writeFileSync(`${file}.none`, '')
    assert.equal(
      (await project(env, 'report', 'verify', `${file}.none`)).code,
      EXIT_CODES.damaged.code,
    )
    assert.equal(
      (await project(env, 'report', 'verify', `${file}.missing`)).code,
      EXIT_CODES.usage.code,
    )
  })

  it('covers the very secrets that went: one id more or less is noticed', async (t) => {
    const { env, ids, file } = await shredded(t)
    const written = readFileSync(`${file}.ids`, 'utf8').trim().split('\n')
    assert.deepEqual(written.toSorted(), ids.toSorted())
    const check = (list: readonly string[]) => {
      writeFileSync(`${file}.list`, `${list.join('\n')}\n`)
      return project(env, 'report', 'verify', file, '--ids', `${file}.list`)
    }
    assert.equal((await check(written.toReversed())).code, 0)
    assert.equal((await check(written.slice(1))).code, EXIT_CODES.damaged.code)
    assert.equal((await check([...written, written[0] ?? ''])).code, EXIT_CODES.damaged.code)
  })

  it('is signed by a key that only its owner may read', async (t) => {
    const { env } = await shredded(t)
    const path = join(env.STATE_DIRECTORY, 'report-key.pem')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    chmodSync(path, 0o644)
    const refused = await project(env, 'report', 'key')
    assert.equal(refused.code, EXIT_CODES.keys.code)
    assert.match(refused.err, /open to other users/)
  })

  it('does not take the place of a file, and says that there is none yet', async (t) => {
    const { env, file } = await shredded(t)
    const again = await project(env, 'reports', '--out', file)
    assert.equal(again.code, EXIT_CODES.usage.code)
    assert.match((await project(env, 'reports', '--project', 'q')).out, /No project was shredded/)
  })
})

describe('a server', () => {
  it('signs the report of a project that it shreds, and one that another could not sign', async (t) => {
    const { env, stop, execute, path } = await pastCloud(t)
    await stop()
    const clock = systemClock()
    const database = await openDatabase({ url: `sqlite:///${path}`, clock })
    const now = clock.now()
    const note = { source: 'notification', now, notBefore: now } as const
    await database.deletions.note('p' as ProjectId, note)
    await database.close()
    const signed = () =>
      (execute('select report from shred_reports') as { report: Buffer | null }[]).every(
        ({ report }) => report !== null,
      ) && execute("select 1 from projects where state = 'shredded'")
    const untilSigned = async () => {
      for (let rows: unknown = []; !Array.isArray(rows) || rows.length === 0; rows = signed()) {
        await delay(20)
      }
    }
    const first = await served(t, env)
    await untilSigned()
    assert.equal((await first('/v1/secrets')).status, 200)
    execute('update shred_reports set report = null')
    const other = { ...env, OS_GATEHOUSE__REPORT_KEY_FILE: 'other.pem' }
    await served(t, other)
    await untilSigned()
    const file = join(freshFolder(t), 'reports')
    assert.equal((await project(other, 'reports', '--out', file)).code, 0)
    const checked = await project(other, 'report', 'verify', file)
    assert.equal(checked.code, 0, checked.out)
    assert.match(checked.out, /"asked_for_by": "notification"/)
    // Each node has its own key unless it is given the same.
    const wrongKey = await project(env, 'report', 'verify', file)
    assert.equal(wrongKey.code, EXIT_CODES.damaged.code)
  })
})

const FOREVER = 3600

describe('the facts of a report', () => {
  async function scene(t: TestContext, secrets: number) {
    const clock = systemClock()
    const { database, execute } = await freshDatabase(t)
    const doomed = await Project.make({ ...database, execute })
    for (let index = 0; index < secrets; index += 1) await database.secrets.insert(doomed.secret())
    const now = clock.now()
    await database.deletions.note(doomed.id, { source: 'notification', now, notBefore: now })
    const by = (owner: string, goesOn: () => Promise<boolean>) => {
      const shredding = new ProjectShredding({
        deletions: database.deletions,
        directory: undefined,
        forgetKeys: () => undefined,
        owner,
        clock,
        onEvent: () => undefined,
      })
      return shredding.claim(doomed.id).then((task) => task && shredding.perform(task, goesOn))
    }
    return { database, execute, doomed, by, clock }
  }

  it('outlive the process that began, and are told once for all of it', async (t) => {
    const { database, by, doomed } = await scene(t, 250)
    await by('first', async () => false)
    assert.deepEqual(await database.shredReports.list(10), [], 'not before all is gone')
    await by('second', async () => true)
    const [facts, ...others] = await database.shredReports.list(10, doomed.id)
    assert.deepEqual(others, [])
    assert.equal(facts?.secrets, 250)
    assert.equal(facts?.keys.length, 1)
    assert.equal(facts?.report, undefined)
    const ids: string[] = []
    if (facts !== undefined) {
      for await (const id of database.shredReports.secretIds(facts)) ids.push(id)
    }
    assert.equal(ids.length, 250)
  })

  it('are signed once: who comes second leaves the first signature as it is', async (t) => {
    const { database, by } = await scene(t, 1)
    await by('one', async () => true)
    const [facts] = await database.shredReports.unsigned(10)
    assert.ok(facts !== undefined)
    assert.equal(await database.shredReports.sign(facts, 'first'), true)
    assert.equal(await database.shredReports.sign(facts, 'second'), false)
    assert.equal((await database.shredReports.list(1))[0]?.report, 'first')
    assert.deepEqual(await database.shredReports.unsigned(10), [])
  })

  it('are not there for a project whose keys are destroyed and whose rows are not all gone', async (t) => {
    const { database, doomed, clock } = await scene(t, 5)
    const now = clock.now()
    const lease = { owner: 'x', now, until: timeAfter(clock, FOREVER) }
    await database.deletions.claim(lease, doomed.id)
    await database.deletions.destroyKeys(doomed.id, lease)
    assert.deepEqual(await database.shredReports.unsigned(10), [])
    await database.deletions.shred(doomed.id, lease, 2)
    assert.deepEqual(await database.shredReports.unsigned(10), [])
  })
})

describe('the files of SQLite', () => {
  it('hold wrapped project keys and data keys before, and none after the log was emptied', async (t) => {
    const clock = systemClock()
    const { database, execute, path } = await freshDatabase(t, { writer: { truncateAfterMs: 50 } })
    const doomed = await Project.make({ ...database, execute })
    for (let index = 0; index < 120; index += 1) await database.secrets.insert(doomed.secret())
    const wrapped = execute('select wrapped from project_keys').map((row) => row['wrapped'])
    const envelopes = execute('select envelope from secrets').map((row) => row['envelope'])
    // Of an envelope the 60 bytes of its wrapped data key.
    const needles = [...wrapped, ...envelopes.map((it) => (it as Buffer).subarray(12, 72))].map(
      (it) => Buffer.from(it as Uint8Array),
    )
    assert.equal(needles.length, 121)
    const found = () => needles.filter((needle) => isInFiles(path, needle)).length
    assert.equal(found(), 121)

    const now = clock.now()
    await database.deletions.note(doomed.id, { source: 'operator', now, notBefore: now })
    const shredding = new ProjectShredding({
      deletions: database.deletions,
      directory: undefined,
      forgetKeys: () => undefined,
      owner: 'x',
      clock,
      onEvent: () => undefined,
    })
    const task = await shredding.claim(doomed.id)
    assert.ok(task !== undefined)
    await shredding.perform(task, async () => true)
    // The log is emptied in its own time, while the database stays open.
    while (statSync(`${path}-wal`).size > 0) await delay(5)
    assert.equal(found(), 0)
    assert.equal((await database.shredReports.list(1, doomed.id as ProjectId))[0]?.secrets, 120)
  })

  it('hold nothing of a real project behind `gatehouse project shred`, and answer 404 for its secrets', async (t) => {
    const { env, execute, path, ask, alive } = await pastCloud(t)
    const needles = [
      ...(execute('select wrapped from project_keys') as { wrapped: Buffer }[]).map(
        ({ wrapped }) => wrapped,
      ),
      ...(execute('select envelope from secrets') as { envelope: Buffer }[]).map(({ envelope }) =>
        envelope.subarray(12, 72),
      ),
    ]
    const found = () => needles.filter((needle) => isInFiles(path, needle)).length
    assert.equal(found(), 4)
    assert.equal((await project(env, 'shred', 'p', '--yes')).code, 0)
    while (existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0 && found() > 0) {
      await delay(20)
    }
    assert.equal(found(), 0)
    assert.equal((await ask('GET', alive)).status, 404)
  })
})

function isInFiles(path: string, needle: Buffer): boolean {
  return ['', '-wal'].some((suffix) => {
    const file = `${path}${suffix}`
    return existsSync(file) && readFileSync(file).includes(needle)
  })
}

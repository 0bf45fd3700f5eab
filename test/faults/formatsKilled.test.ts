import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import { surveyFormats } from '../../src/domain/rotation/survey.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Job } from '../../src/model/job.ts'
import { ask } from '../peers/ask.ts'
import { Gatehouse } from '../peers/gatehouse.ts'
import { assertOpens, DATABASES, fill, PROJECTS, SECRETS, urlOf } from './filledServer.ts'

const RECORDS = PROJECTS.length * SECRETS
const LEAST_KILLS = 4
const MOST_KILLS = 60
/** Slow enough to be killed in the middle. */
const RATE = 60
const SCOPE = { verify: 'full' } as const
const NEWER = /envelope is in the newer format 2, and this release opens formats up to 1/

interface Killed {
  readonly job: Job
  readonly kills: number
}

/** Whoever works on it is killed again and again, until the job has come to its end. */
async function migrated(database: Database, work: () => ChildProcess): Promise<Killed> {
  const now = systemClock().now()
  const request = { kind: 'formats', scope: SCOPE, total: RECORDS, rate: RATE, now } as const
  const { id } = newJob({ ...request, id: randomUUID() })
  await database.jobs.add(newJob({ ...request, id }))
  const present = async (): Promise<Job> => (await database.jobs.find(id)) ?? assert.fail()
  let kills = 0
  for (let job = await present(); job.state === 'running'; job = await present()) {
    if (kills > MOST_KILLS) throw new Error(`It has no end: ${JSON.stringify(job)}`)
    const victim = work()
    const ended = once(victim, 'close')
    // Until it has got on, for it is to be met at work; and a little longer.
    while (victim.exitCode === null && (await present()).revision === job.revision) await delay(20)
    await delay(randomInt(900))
    if (victim.exitCode === null) victim.kill('SIGKILL')
    const [code] = await ended
    if (code === null) kills += 1
  }
  return { job: await present(), kills }
}

for (const [name, configurationOn] of Object.entries(DATABASES)) {
  test(`formats on ${name}: there and back, whoever works killed again and again; a release that does not know the newer one says so`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-formats-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const configuration = await configurationOn(t)
    const server = await Gatehouse.start({ name: 'victim', folder, configuration })
    t.after(() => server.kill())
    const stored = await fill(server)
    await server.stop()
    const url = urlOf(configuration, folder)
    const victim = (side: 'reads' | 'writes') => () =>
      spawn(
        process.execPath,
        [
          resolve(import.meta.dirname, 'formatVictim.ts'),
          url,
          join(folder, 'victim', 'state', 'keyring'),
          side,
        ],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      )
    const database = await openDatabase({ url, clock: systemClock() })
    t.after(() => database.close())
    const formats = async () => Object.fromEntries(await surveyFormats(database.rotation, SCOPE))
    const assertMoved = ({ job, kills }: Killed) => {
      assert.deepEqual(
        [job.state, job.done, job.verified, job.failed],
        ['done', RECORDS, RECORDS, 0],
        JSON.stringify(job),
      )
      assert.ok(kills >= LEAST_KILLS, `${kills} kills`)
    }

    const forth = await migrated(database, victim('writes'))
    assertMoved(forth)
    assert.deepEqual(await formats(), { 2: RECORDS })

    await server.startAgain()
    const [first] = stored
    assert.ok(first !== undefined)
    const headers = { accept: 'text/plain' }
    const refused = await ask(`${first.path}/payload`, { token: first.token, headers })
    assert.equal(refused.status, 500)
    assert.match(await server.logs(), NEWER)
    assert.match(await server.command('rotate', 'formats', '--dry-run'), /^format 2 +180, newer/)
    await assert.rejects(server.command('rotate', 'formats'), (error: unknown) => {
      const { code, stdout } = error as { readonly code: number; readonly stdout: string }
      assert.equal(code, 16)
      assert.match(stdout, NEWER)
      assert.match(stdout, new RegExp(`failed {6}${RECORDS}`))
      return true
    })
    assert.deepEqual(await formats(), { 2: RECORDS })
    await server.stop()

    const back = await migrated(database, victim('reads'))
    assertMoved(back)
    assert.deepEqual(await formats(), { 1: RECORDS })
    await server.startAgain()
    await assertOpens(stored)
    assert.match(await server.command('rotate', 'formats'), /verified {4}0\n/)
    t.diagnostic(`${name}: ${forth.kills} and ${back.kills} kills`)
  })
}

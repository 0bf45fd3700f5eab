import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '../../src/db/database.ts'
import { surveyRecords } from '../../src/domain/rotation/survey.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { ask } from '../peers/ask.ts'
import { type Configuration, Gatehouse } from '../peers/gatehouse.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'

const PROJECTS = ['a', 'b', 'c']
const SECRETS = 60
const LEAST_KILLS = 6

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

const DATABASES: Readonly<Record<string, (t: CleansUp) => Promise<Configuration>>> = {
  SQLite: async () => ({}),
  MariaDB: async (t) => ({ database: { connection: (await ownMariadb(t)).url } }),
  PostgreSQL: async (t) => ({ database: { connection: (await ownPostgres(t)).url } }),
}

interface Stored {
  readonly path: string
  readonly payload: string
  readonly token: string
}

for (const [name, configurationOn] of Object.entries(DATABASES)) {
  test(`rotation on ${name}, its server killed again and again: nothing is lost, and one term is left`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rotation-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const configuration = { ...(await configurationOn(t)), rotation: { settle_time: '1' } }
    const server = await Gatehouse.start({ name: 'victim', folder, configuration })
    t.after(() => server.kill())
    const stored = await fill(server)
    await server.command('rotate', 'project-keys', '--all')
    const said = await server.command('rotate', 'data-keys', '--detach', '--rate', '60')
    const job = said.split('\n')[0] ?? ''

    let kills = 0
    while (kills < LEAST_KILLS || /running/.test(await server.command('jobs', 'show', job))) {
      await delay(randomInt(700))
      await server.kill()
      kills += 1
      await server.startAgain()
      await assertOpens(stored.filter((_, index) => index % 7 === kills % 7))
      if (kills === 40) throw new Error('The job does not come to its end.')
    }
    const report = await server.command('jobs', 'show', job)
    assert.match(report, /state {7}done/)
    assert.match(report, new RegExp(`done {8}${stored.length} records of ${stored.length}`))
    assert.match(report, /failed {6}0/)
    await assertOpens(stored)
    assert.doesNotMatch(await server.logs(), /"level":"fatal"/)
    await server.stop()
    const given: Configuration = configuration
    const url =
      given['database'] !== undefined
        ? String(given['database']['connection'])
        : `sqlite:///${join(folder, 'victim', 'state', 'gatehouse.sqlite')}`
    await assertOneTerm(url)
    t.diagnostic(`${name}: ${kills} kills`)
  })
}

test('verbs without a server, killed again and again, go on where they were', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rotation-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const configuration = { rotation: { settle_time: '1' } }
  const server = await Gatehouse.start({ name: 'victim', folder, configuration })
  t.after(() => server.kill())
  const stored = await fill(server)
  await server.stop()
  await server.command('kek', 'generate')
  await server.command('kek', 'promote')
  const config = join(folder, 'victim', 'barbican.conf')
  const begin = (...args: readonly string[]) =>
    spawn(process.execPath, ['bin/gatehouse.js', ...args, '--config-file', config], {
      stdio: 'ignore',
    })
  for (const verb of [
    ['kek', 'rewrap'],
    ['rotate', 'project-keys', '--all'],
    ['rotate', 'data-keys', '--rate', '100'],
  ]) {
    let verbs = begin(...verb)
    for (let kills = 0; kills < 5; kills += 1) {
      await delay(randomInt(1500))
      verbs.kill('SIGKILL')
      if (verbs.exitCode === null && verbs.signalCode === null) await once(verbs, 'close')
      const [last] = (await server.command('jobs', 'list')).split('\n')
      const [id = '', state] = (last ?? '').split(/\s+/)
      // Killed before it had put its job into the database: it is called again.
      const isBegun = /^[0-9a-f-]{36}$/.test(id) && state === 'running'
      verbs = isBegun ? begin('jobs', 'watch', id) : begin(...verb)
    }
    const [code] = verbs.exitCode === null ? await once(verbs, 'close') : [verbs.exitCode]
    assert.equal(code, 0, verb.join(' '))
  }
  await assertOneTerm(`sqlite:///${join(folder, 'victim', 'state', 'gatehouse.sqlite')}`)
  await server.startAgain()
  await assertOpens(stored)
  assert.doesNotMatch(await server.logs(), /"level":"fatal"/)
})

async function fill(server: Gatehouse): Promise<readonly Stored[]> {
  const stored: Stored[] = []
  for (const project of PROJECTS) {
    const printed = await server.command(
      'token',
      'issue',
      '--project',
      project,
      '--role',
      'creator',
    )
    const token = printed.trim().split('\n').at(-1) ?? ''
    const made = await Promise.all(
      Array.from({ length: SECRETS }, async (_, index) => {
        const payload = `payload ${project} ${index}`
        const json = { payload, payload_content_type: 'text/plain' }
        const answer = await ask(`${server.url}/v1/secrets`, { method: 'POST', token, json })
        assert.equal(answer.status, 201, answer.text)
        return { path: String(JSON.parse(answer.text).secret_ref), payload, token }
      }),
    )
    stored.push(...made)
  }
  return stored
}

async function assertOpens(stored: readonly Stored[]): Promise<void> {
  for (const { path, payload, token } of stored) {
    const answer = await ask(`${path}/payload`, { token, headers: { accept: 'text/plain' } })
    assert.equal(answer.text, payload)
  }
}

/** In each project one active term and no other, and everything under it. */
async function assertOneTerm(url: string): Promise<void> {
  const database = await openDatabase({ url, clock: systemClock() })
  try {
    for (const project of PROJECTS) {
      const keys = await database.rotation.keysOf(project as ProjectId)
      assert.deepEqual(
        keys.map(({ state }) => state),
        ['active'],
        project,
      )
    }
    const survey = await surveyRecords(database.rotation, { verify: 'dek' }, () => undefined)
    assert.deepEqual([survey.records, survey.toMove], [PROJECTS.length * SECRETS, 0])
  } finally {
    await database.close()
  }
}

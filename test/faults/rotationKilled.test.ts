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
import { Gatehouse } from '../peers/gatehouse.ts'
import { assertOpens, DATABASES, fill, PROJECTS, SECRETS, urlOf } from './filledServer.ts'

const LEAST_KILLS = 6

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
    await assertOneTerm(urlOf(configuration, folder))
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

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { timeAfter } from '../../src/domain/projectDeletions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Project } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'

/** A database with one project, and the command line over it. */
async function scene(t: TestContext, secrets: number) {
  const clock = systemClock()
  const { database, execute, url } = await freshDatabase(t)
  const project = await Project.make({ ...database, execute })
  for (let index = 0; index < secrets; index += 1) await database.secrets.insert(project.secret())
  const env = { ...freshEnvironment(t), OS_DATABASE__CONNECTION: url }
  const run = async (...args: readonly string[]) => {
    const cli = runCli({ args: ['project', ...args], env })
    return { code: await cli.code, out: cli.out(), err: cli.err() }
  }
  const note = (seconds: number) =>
    database.deletions.note(project.id, {
      source: 'notification',
      now: clock.now(),
      notBefore: timeAfter(clock, seconds),
    })
  return { database, execute, project, run, note, clock }
}

describe('gatehouse project', () => {
  it('shred wants --yes, and says what went', async (t) => {
    const { project, run, execute } = await scene(t, 120)
    const hesitant = await run('shred', project.id)
    assert.equal(hesitant.code, EXIT_CODES.usage.code)
    assert.match(hesitant.err, /--yes/)
    assert.equal(execute('select id from secrets').length, 120)
    const sure = await run('shred', project.id, '--yes')
    assert.equal(sure.code, 0, sure.err)
    assert.match(sure.out, /^keys +1$/m)
    assert.match(sure.out, /^secrets +120$/m)
    assert.match(sure.out, /^Nothing is left of project/m)
    assert.equal(execute('select id from secrets').length, 0)
    const again = await run('shred', project.id, '--yes')
    assert.equal(again.code, 0)
    assert.match(again.out, /There is nothing of project/)
  })

  it('shred does not wait for a grace period, and leaves a project to the server that has it', async (t) => {
    const { project, run, note, database, clock } = await scene(t, 1)
    await note(3600)
    const now = clock.now()
    const lease = { owner: 'server', now, until: timeAfter(clock, 60) }
    const sure = await run('shred', project.id, '--yes')
    assert.match(sure.out, /Nothing is left/)
    const other = await Project.make({ ...database, execute: () => [] })
    await database.deletions.note(other.id, { source: 'notification', now, notBefore: now })
    await database.deletions.claim(lease)
    await database.deletions.destroyKeys(other.id, lease)
    let beats = 60
    const alive = setInterval(() => {
      beats += 1
      const moved = { ...lease, until: timeAfter(clock, beats) }
      void database.deletions.destroyKeys(other.id, moved).catch(() => undefined)
    }, 50)
    t.after(() => clearInterval(alive))
    const busy = await run('shred', other.id, '--yes')
    assert.equal(busy.code, EXIT_CODES.refused.code)
    assert.match(busy.out, /A server is at work on project/)
    clearInterval(alive)
    // It was killed, and by its clock it would have this for years.
    await database.deletions.destroyKeys(other.id, { ...lease, until: timeAfter(clock, 1e8) })
    const followed = await run('shred', other.id, '--yes')
    assert.equal(followed.code, 0)
    assert.match(followed.out, /Nothing is left/)
  })

  it('list shows what waits and what is gone, and keep takes it back in time', async (t) => {
    const { project, run, note } = await scene(t, 1)
    assert.match((await run('list')).out, /No project is deleted or missing/)
    await note(3600)
    assert.match(
      (await run('list')).out,
      new RegExp(`^doomed .* notification +${project.id}$`, 'm'),
    )
    const kept = await run('keep', project.id)
    assert.equal(kept.code, 0)
    assert.match(kept.out, /may be used/)
    assert.match((await run('keep', project.id)).out, /No deletion .* is noted/)
  })

  it('keep is too late once the keys are destroyed, and lets a shredded project be used again', async (t) => {
    const { project, run, note, database, clock } = await scene(t, 1)
    await note(0)
    const lease = { owner: 'server', now: clock.now(), until: timeAfter(clock, 60) }
    await database.deletions.claim(lease)
    await database.deletions.destroyKeys(project.id, lease)
    const late = await run('keep', project.id)
    assert.equal(late.code, EXIT_CODES.refused.code)
    assert.match(late.out, /are destroyed already/)
    await database.deletions.shred(project.id, lease, 10)
    assert.match((await run('list')).out, /^shredded /m)
    assert.equal((await run('keep', project.id)).code, 0)
    assert.match((await run('list')).out, /No project is deleted or missing/)
  })

  it('makes no database where there is none', async (t) => {
    const env = freshEnvironment(t)
    for (const args of [['list'], ['keep', 'p'], ['shred', 'p', '--yes']]) {
      const cli = runCli({ args: ['project', ...args], env })
      assert.equal(await cli.code, 0)
      assert.match(cli.out(), /There is no database/)
    }
  })
})

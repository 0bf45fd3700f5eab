import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { surveyFormats } from '../../src/domain/rotation/survey.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, type MadeContainer, member } from '../support/doorContainers.ts'
import { addJob, runJob, workOff } from '../support/doorJobs.ts'
import { type MadeSecret, secretOf, secretWithPayload } from '../support/doorSecrets.ts'
import { formatsOfNextReleases } from '../support/nextFormat.ts'

const SECRETS = 40
/** Beside them a secret without payload and a container, which hold nothing sealed, and an order with its input. */
const RECORDS = SECRETS + 3
const SEALED = SECRETS + 1
const SCOPE = { verify: 'full' } as const

interface Made {
  readonly project: string
  readonly secrets: readonly MadeSecret[]
  readonly bare: MadeSecret
  readonly container: MadeContainer
  readonly order: string
}

/* A format 2 comes the way it would have to: a release that reads it, one that writes it, then the job (ADR 0059). */
describe('envelopes of an older format', () => {
  let now: Door
  let reads: Door
  let writes: Door
  let projects = 0
  before(async () => {
    now = await openDoor({ hasNoWorker: true, patienceMs: 0 })
    const next = { hasNoWorker: true, patienceMs: 0, beside: now }
    reads = await openDoor({ ...next, envelopeFormats: (id) => formatsOfNextReleases(id).reads })
    writes = await openDoor({ ...next, envelopeFormats: (id) => formatsOfNextReleases(id).writes })
  })
  after(async () => {
    await writes.close()
    await reads.close()
    await now.close()
  })

  const ownerAt = (door: Door, project: string): Caller =>
    door.as({ project, user: 'owner', roles: ['admin'] })
  const made = async (door = now): Promise<Made> => {
    projects += 1
    const project = `of-old-${String(projects).padStart(3, '0')}`
    const owner = ownerAt(door, project)
    const secrets: MadeSecret[] = []
    for (let index = 0; index < SECRETS; index += 1) {
      secrets.push(await secretWithPayload(owner, { payload: `payload ${index}` }))
    }
    const [first] = secrets
    assert.ok(first !== undefined)
    const bare = await secretOf(owner, { name: 'without payload' })
    const container = await containerOf(owner, { secret_refs: [member(first, 'a')] })
    const meta = { algorithm: 'rsa', bit_length: 2048, passphrase: 'a passphrase' }
    const placed = await owner.post('/v1/orders', { type: 'asymmetric', meta })
    const order = String(placed.json['order_ref']).slice(-36)
    return { project, secrets, bare, container, order }
  }
  const scopeOf = (project: string) => ({ projectId: project as never })
  const formatsOf = async (project: string) =>
    Object.fromEntries(
      await surveyFormats(now.database.rotation, { ...SCOPE, ...scopeOf(project) }),
    )
  const assertOpensAt = async (door: Door, { project, secrets, bare, container, order }: Made) => {
    const owner = ownerAt(door, project)
    for (const [index, { path }] of secrets.entries()) {
      assert.equal((await owner.get(`${path}/payload`)).text, `payload ${index}`)
    }
    assert.equal((await owner.get(bare.path)).status, 200)
    assert.equal((await owner.get(container.path)).status, 200)
    const found = await door.database.rotation.read('order', order)
    const verified = await door.integrity.verified(found?.record)
    assert.ok(verified !== undefined && found?.sealed != null)
    await door.rewrapper.prove(verified, found.sealed, 'full')
    assert.deepEqual(door.alarms, [])
  }
  const rowsOf = (project: string) =>
    now.execute('select * from secrets where project_id = ? order by id', project)

  test('are opened by the releases that read the next one, and written on by the first of them', async () => {
    const old = await made()
    await assertOpensAt(reads, old)
    await assertOpensAt(writes, old)
    await secretWithPayload(ownerAt(reads, old.project))
    assert.deepEqual(await formatsOf(old.project), { 1: SEALED + 1 })
    await secretWithPayload(ownerAt(writes, old.project))
    assert.deepEqual(await formatsOf(old.project), { 1: SEALED + 1, 2: 1 })
  })

  test('are sealed anew in the one of this release, all of them opened again, and nothing else changes', async () => {
    const old = await made()
    const before = rowsOf(old.project)
    const job = await runJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    assert.equal(job.state, 'done', JSON.stringify(job))
    assert.deepEqual([job.done, job.verified, job.failed], [RECORDS, RECORDS, 0])
    assert.deepEqual(await formatsOf(old.project), { 2: SEALED })
    const strip = ({ envelope: _, ...rest }: Readonly<Record<string, unknown>>) => rest
    assert.deepEqual(rowsOf(old.project).map(strip), before.map(strip))
    await assertOpensAt(writes, old)
    await assertOpensAt(reads, old)
  })

  test('done again it writes nothing, and opens nothing a second time', async () => {
    const old = await made(writes)
    const before = rowsOf(old.project)
    const job = await runJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    assert.equal(job.state, 'done')
    assert.deepEqual([job.done, job.verified], [RECORDS, 0])
    assert.deepEqual(rowsOf(old.project), before)
  })

  test('data keys of the next format go from term to term as those of the first do', async () => {
    const old = await made(writes)
    writes.clock.advanceSeconds(1)
    await runJob(writes, 'project-keys', {
      ...scopeOf(old.project),
      before: writes.clock.now(),
    })
    const job = await runJob(writes, 'data-keys', { ...SCOPE, ...scopeOf(old.project) })
    assert.deepEqual([job.state, job.keysDestroyed], ['done', 1])
    assert.deepEqual(await formatsOf(old.project), { 2: SEALED })
    writes.clock.advanceSeconds(10_000)
    await assertOpensAt(writes, old)
  })

  test('nothing is lost of what clients write, change and delete meanwhile, on nodes that write either', async () => {
    const old = await made()
    const job = await addJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    let isOver = false
    const written: MadeSecret[] = []
    const deleted = new Set<number>()
    const client = async (door: Door, from: number) => {
      const owner = ownerAt(door, old.project)
      for (let at = from; !isOver; at += 2) {
        written.push(await secretWithPayload(owner, { payload: `new ${written.length}` }))
        const secret = old.secrets[at % SECRETS]
        if (secret === undefined || deleted.has(at % SECRETS)) continue
        const acl = { read: { users: [`u${at}`], 'project-access': true } }
        assert.equal((await owner.put(`${secret.path}/acl`, acl)).status, 200)
        if (at % 4 > 1) continue
        deleted.add(at % SECRETS)
        assert.equal((await owner.delete(secret.path)).status, 204)
      }
    }
    // The last of the releases before goes while the job runs.
    const clients = [client(reads, 0), client(writes, 1)]
    await workOff(writes, {
      rest: async () => {
        await new Promise(setImmediate)
        const { place } = (await now.database.jobs.find(job.id)) ?? assert.fail()
        isOver ||= place.phase === 'verify' && place.lap > 2
      },
    })
    isOver = true
    await Promise.all(clients)
    await runJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    const formats = await formatsOf(old.project)
    assert.deepEqual(Object.keys(formats), ['2'])
    const owner = ownerAt(writes, old.project)
    for (const [index, { path }] of old.secrets.entries()) {
      const answer = await owner.get(`${path}/payload`)
      if (deleted.has(index)) assert.equal(answer.status, 404)
      else assert.equal(answer.text, `payload ${index}`)
    }
    for (const { path } of written) {
      assert.match((await owner.get(`${path}/payload`)).text, /^new \d+$/)
    }
    assert.ok(deleted.size > 0)
    assert.deepEqual([...now.alarms, ...reads.alarms, ...writes.alarms], [])
  })

  test('stopped after any step, by somebody else it is gone on with, and nothing is done twice', async () => {
    const old = await made()
    const { id } = await addJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    let stops = 0
    for (; stops < 200; stops += 1) {
      const stopping = new AbortController()
      await workOff(writes, { signal: stopping.signal, rest: async () => stopping.abort() })
      if ((await now.database.jobs.find(id))?.state !== 'running') break
    }
    const job = await now.database.jobs.find(id)
    assert.deepEqual([job?.state, job?.done, job?.verified], ['done', RECORDS, RECORDS])
    assert.ok(stops >= 5, `${stops} stops`)
    assert.deepEqual(await formatsOf(old.project), { 2: SEALED })
    await assertOpensAt(writes, old)
  })

  test('one that does not open is left as it is and named, and the others go on', async () => {
    const old = await made()
    const victim = old.secrets[7]?.id ?? ''
    const [row] = now.execute('select envelope from secrets where id = ?', victim)
    const envelope = Buffer.from(row?.['envelope'] as Uint8Array)
    envelope[90] = (envelope[90] ?? 0) ^ 1
    now.execute('update secrets set envelope = ? where id = ?', envelope, victim)
    const job = await runJob(writes, 'formats', { ...SCOPE, ...scopeOf(old.project) })
    assert.deepEqual([job.state, job.failed], ['failed', 1])
    const [failure] = await now.database.jobs.failures(job.id, 10)
    assert.deepEqual(
      [failure?.id, failure?.what],
      [victim, `The stored secret ${victim}: payload does not open.`],
    )
    assert.deepEqual(await formatsOf(old.project), { 1: 1, 2: SEALED - 1 })
    assert.deepEqual(
      writes.alarms.splice(0).map(({ id }) => id),
      [victim],
    )
  })

  test('of a newer format a release opens nothing, says so, and its job leaves them as they are', async () => {
    const newer = await made(writes)
    const before = rowsOf(newer.project)
    const owner = ownerAt(now, newer.project)
    const [first] = newer.secrets
    const path = `${first?.path}/payload`
    const answer = await owner.ask('GET', path, { mayFail: true })
    assert.equal(answer.status, 500)
    const what = 'envelope is in the newer format 2, and this release opens formats up to 1'
    assert.deepEqual(
      now.alarms.map((alarm) => [alarm.id, alarm.what]),
      [[first?.id, what]],
    )
    const job = await runJob(now, 'formats', { ...SCOPE, ...scopeOf(newer.project) })
    assert.deepEqual([job.state, job.failed, job.done], ['failed', SEALED, RECORDS])
    const failures = await now.database.jobs.failures(job.id, 100)
    assert.ok(failures.every((failure) => failure.what.endsWith(`: ${what}.`)))
    assert.deepEqual(rowsOf(newer.project), before)
    now.alarms.splice(0)
    now.failures.splice(0)
    await assertOpensAt(writes, newer)
  })
})

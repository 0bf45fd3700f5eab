import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Job } from '../../src/model/job.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, type MadeContainer, member } from '../support/doorContainers.ts'
import { addJob, runJob, workOff } from '../support/doorJobs.ts'
import { type MadeSecret, putAcl, secretOf, secretWithPayload } from '../support/doorSecrets.ts'

type Row = Readonly<Record<string, unknown>>

/** Longer than any cache keeps a project key, or what it knows of terms. */
const KEYS_ARE_FORGOTTEN = 10_000

interface Cloud {
  readonly project: string
  readonly owner: Caller
  readonly secrets: readonly MadeSecret[]
  readonly bare: MadeSecret
  readonly container: MadeContainer
  readonly waitingOrder: string
}

describe('rotation', () => {
  let door: Door
  let projects = 0
  before(async () => {
    // Nobody works on orders: one goes on waiting with its passphrase.
    door = await openDoor({ hasNoWorker: true, patienceMs: 0 })
  })
  after(() => door.close())

  const callerOf = (project: string) => door.as({ project, user: 'owner', roles: ['admin'] })

  /** A project with something of everything that a key holds. */
  const cloud = async (secrets = 40): Promise<Cloud> => {
    projects += 1
    const project = `rotated-${String(projects).padStart(3, '0')}`
    const owner = callerOf(project)
    const made: MadeSecret[] = []
    for (let index = 0; index < secrets; index += 1) {
      made.push(await secretWithPayload(owner, { payload: `payload ${index}` }))
    }
    const [first, second] = made
    assert.ok(first !== undefined && second !== undefined)
    await putAcl(owner, first, { users: ['reader', 'another'], projectAccess: false })
    const bare = await secretOf(owner, { name: 'without payload' })
    const container = await containerOf(owner, {
      secret_refs: [member(first, 'a'), member(second)],
    })
    const placed = await owner.post('/v1/orders', {
      type: 'asymmetric',
      meta: { algorithm: 'rsa', bit_length: 2048, passphrase: 'a passphrase' },
    })
    assert.equal(placed.status, 202, placed.text)
    const waitingOrder = String(placed.json['order_ref']).split('/').at(-1) ?? ''
    return { project, owner, secrets: made, bare, container, waitingOrder }
  }

  const keysOf = (project: string): readonly Row[] =>
    door.execute(
      'select id, store, term, state, kek_id from project_keys where project_id = ? order by store, term',
      project,
    )
  const activeOf = (project: string, store = 'memory'): string => {
    const active = keysOf(project).filter(
      (row) => row['state'] === 'active' && row['store'] === store,
    )
    assert.equal(active.length, 1, `${project} has one active term in ${store}`)
    return hex(active[0]?.['id'])
  }
  /** Every key that anything of the project is under. */
  const keysUsed = (project: string): readonly string[] => {
    const used = new Set<string>()
    for (const table of ['secrets', 'containers', 'orders']) {
      for (const row of door.execute(`select * from ${table} where project_id = ?`, project)) {
        used.add(hex(row['row_mac']).slice(0, 16))
        if (row['envelope'] instanceof Uint8Array) used.add(hex(row['envelope']).slice(8, 24))
      }
    }
    const inputs = door.execute(
      'select sealed_input from order_tasks join orders on orders.id = order_tasks.order_id where orders.project_id = ?',
      project,
    )
    for (const row of inputs) {
      if (row['sealed_input'] instanceof Uint8Array) used.add(hex(row['sealed_input']).slice(8, 24))
    }
    return [...used]
  }
  /** Everything opens as it did, by keys fetched anew. */
  const assertAllOpens = async ({ owner, secrets, bare, container, waitingOrder }: Cloud) => {
    door.clock.advanceSeconds(KEYS_ARE_FORGOTTEN)
    const alarms = door.alarms.length
    for (const [index, { path }] of secrets.entries()) {
      const answer = await owner.get(`${path}/payload`)
      assert.equal(answer.text, `payload ${index}`)
    }
    assert.equal((await owner.get(bare.path)).json['name'], 'without payload')
    const members = (await owner.get(container.path)).json['secret_refs'] as readonly Row[]
    assert.equal(members.length, 2)
    const acl = await owner.get(`${secrets[0]?.path}/acl`)
    assert.deepEqual([...((acl.json['read'] as Row)['users'] as string[])].toSorted(), [
      'another',
      'reader',
    ])
    const found = await door.database.rotation.read('order', waitingOrder)
    const order = await door.integrity.verified(found?.record)
    assert.ok(order !== undefined && found?.sealed != null)
    await door.rewrapper.prove(order, found.sealed, 'full')
    assert.equal(door.alarms.length, alarms)
  }
  const nextTerm = async (project: string): Promise<Job> => {
    door.clock.advanceSeconds(1)
    return runJob(door, 'project-keys', { projectId: project as never, before: door.clock.now() })
  }

  test('the next term is made on demand, once, and what is there opens under the old one', async () => {
    const made = await cloud()
    const before = activeOf(made.project)
    const job = await nextTerm(made.project)
    assert.equal(job.state, 'done')
    assert.deepEqual([job.total, job.done], [1, 1])
    assert.notEqual(activeOf(made.project), before)
    assert.deepEqual(
      keysOf(made.project).map(({ term, state }) => [Number(term), state]),
      [
        [1, 'decrypt-only'],
        [2, 'active'],
      ],
    )
    await assertAllOpens(made)
  })

  test('secrets, containers, orders and their inputs move to the active term, and the old one is destroyed', async () => {
    const made = await cloud()
    await nextTerm(made.project)
    const job = await runJob(door, 'data-keys', { projectId: made.project as never })
    assert.equal(job.state, 'done', JSON.stringify(job))
    assert.deepEqual([job.done, job.verified, job.failed, job.keysDestroyed], [43, 43, 0, 1])
    assert.deepEqual(keysUsed(made.project), [activeOf(made.project)])
    assert.equal(keysOf(made.project).length, 1)
    await assertAllOpens(made)
  })

  test('who waits for the loop waits for one record, moved or opened, not for a page of them', async () => {
    const { project } = await cloud(20)
    await nextTerm(project)
    await addJob(door, 'data-keys', { projectId: project as never })
    const work = { sinceTurn: 0, most: 0, records: 0 }
    const integrity = new Proxy(door.integrity, {
      get(target, name) {
        if (name !== 'verified') return Reflect.get(target, name, target)
        return (...[record]: Parameters<typeof target.verified>) => {
          work.records += 1
          work.sinceTurn += 1
          work.most = Math.max(work.most, work.sinceTurn)
          return target.verified(record)
        }
      },
    })
    const turn = async () => {
      work.sinceTurn = 0
    }
    await workOff(door, { integrity, turn })
    assert.deepEqual(work, { sinceTurn: 1, most: 1, records: 2 * 23 })
  })

  test('only header, data key and MAC are new: ciphertext and all else stay to the byte', async () => {
    const made = await cloud(2)
    const rowsOf = () =>
      door.execute('select * from secrets where project_id = ? order by id', made.project)
    const before = rowsOf()
    await nextTerm(made.project)
    await runJob(door, 'data-keys', { projectId: made.project as never })
    const now = rowsOf()
    for (const [index, row] of now.entries()) {
      const { row_mac: _, envelope, ...rest } = row
      const { row_mac: __, envelope: old, ...was } = before[index] ?? {}
      assert.deepEqual(rest, was)
      if (old === null) continue
      assert.notEqual(hex(envelope).slice(0, 144), hex(old).slice(0, 144))
      assert.equal(hex(envelope).slice(144), hex(old).slice(144))
    }
  })

  test('done again it changes nothing', async () => {
    const made = await cloud(5)
    await nextTerm(made.project)
    await runJob(door, 'data-keys', { projectId: made.project as never })
    const rows = () =>
      door.execute('select * from secrets where project_id = ? order by id', made.project)
    const before = rows()
    const job = await runJob(door, 'data-keys', {
      projectId: made.project as never,
      verify: 'full',
    })
    assert.equal(job.state, 'done')
    assert.deepEqual(rows(), before)
  })

  test('nothing is lost of what clients read, write, change and delete meanwhile, and no alarm is raised', async () => {
    const made = await cloud()
    await nextTerm(made.project)
    const alarms = door.alarms.length
    const job = await addJob(door, 'data-keys', { projectId: made.project as never })
    let isOver = false
    const written: MadeSecret[] = []
    const deleted = new Set<number>()
    const busy = async (index: number) => {
      for (let round = 0; !isOver; round += 1) {
        const at = (index * 7 + round) % made.secrets.length
        const secret = made.secrets[at]
        if (secret === undefined) continue
        if (index === 0) {
          written.push(await secretWithPayload(made.owner, { payload: `new ${written.length}` }))
        } else if (index === 1 && at > 1) {
          const acl = { read: { users: [`u${round}`], 'project-access': true } }
          const answer = await made.owner.put(`${secret.path}/acl`, acl)
          assert.ok([200, 404].includes(answer.status), answer.text)
        } else if (index === 2 && at > 30 && !deleted.has(at)) {
          deleted.add(at)
          assert.equal((await made.owner.delete(secret.path)).status, 204)
        } else {
          const answer = await made.owner.get(`${secret.path}/payload`)
          if (answer.status === 200) assert.equal(answer.text, `payload ${at}`)
          else assert.ok(answer.status === 404 && deleted.has(at), answer.text)
        }
      }
    }
    const callers = [0, 1, 2, 3, 4, 5].map(busy)
    await workOff(door)
    isOver = true
    await Promise.all(callers)
    const ended = await door.database.jobs.find(job.id)
    assert.equal(ended?.state, 'done', JSON.stringify(ended))
    assert.equal(door.alarms.length, alarms)
    assert.deepEqual(keysUsed(made.project), [activeOf(made.project)])
    door.clock.advanceSeconds(KEYS_ARE_FORGOTTEN)
    for (const [index, { path }] of written.entries()) {
      assert.equal((await made.owner.get(`${path}/payload`)).text, `new ${index}`)
    }
    for (const [index, { path }] of made.secrets.entries()) {
      const answer = await made.owner.get(`${path}/payload`)
      assert.equal(answer.status, deleted.has(index) ? 404 : 200)
    }
  })

  test('stopped after any step, by somebody else it is gone on with, and nothing is done twice', async () => {
    const made = await cloud(20)
    await nextTerm(made.project)
    const { id } = await addJob(door, 'data-keys', { projectId: made.project as never })
    let stops = 0
    for (; stops < 200; stops += 1) {
      const stopping = new AbortController()
      // One step, then another worker with nothing in memory.
      await workOff(door, {
        signal: stopping.signal,
        rest: async () => stopping.abort(),
        wait: async () => stopping.abort(),
      })
      const job = await door.database.jobs.find(id)
      if (job?.state !== 'running') break
    }
    const job = await door.database.jobs.find(id)
    assert.equal(job?.state, 'done')
    assert.ok(stops > 5, `${stops} stops`)
    assert.deepEqual([job?.done, job?.verified, job?.failed], [23, 23, 0])
    assert.deepEqual(keysUsed(made.project), [activeOf(made.project)])
    assert.equal(keysOf(made.project).length, 1)
    await assertAllOpens(made)
  })

  test('paused it stops at once, resumed it goes on, cancelled it never does', async () => {
    const made = await cloud(20)
    await nextTerm(made.project)
    const { jobs } = door.database
    const { id } = await addJob(door, 'data-keys', { projectId: made.project as never })
    const events = await workOff(door, {
      rest: async () => void (await jobs.turn(id, 'paused', door.clock.now())),
    })
    assert.equal(events.at(-1)?.type, 'left')
    const paused = await jobs.find(id)
    assert.equal(paused?.state, 'paused')
    await workOff(door)
    assert.deepEqual(await jobs.find(id), paused)
    assert.equal(await jobs.turn(id, 'cancelled', door.clock.now()), 'turned')
    assert.equal(await jobs.turn(id, 'running', door.clock.now()), 'ended')
    await assertAllOpens(made)
    const again = await runJob(door, 'data-keys', { projectId: made.project as never })
    assert.equal(again.state, 'done')
    assert.deepEqual(keysUsed(made.project), [activeOf(made.project)])
  })

  test('a record that is not as it was written stays, is named once, and so does the term that it needs', async () => {
    const made = await cloud(20)
    const old = activeOf(made.project)
    await nextTerm(made.project)
    const [, , wrongMac, wrongKey] = made.secrets
    door.execute("update secrets set creator_id = 'mallory' where id = ?", wrongMac?.id)
    const [row] = door.execute('select envelope from secrets where id = ?', wrongKey?.id)
    const envelope = Buffer.from(row?.['envelope'] as Uint8Array)
    envelope[30] = (envelope[30] ?? 0) ^ 1
    door.execute('update secrets set envelope = ? where id = ?', envelope, wrongKey?.id)
    const job = await runJob(door, 'data-keys', { projectId: made.project as never })
    assert.equal(job.state, 'failed')
    assert.deepEqual([job.failed, job.keysDestroyed], [2, 0])
    const failures = await door.database.jobs.failures(job.id, 10)
    assert.deepEqual(
      failures.map(({ kind, id }) => [kind, id]),
      [
        ['secret', wrongMac?.id],
        ['secret', wrongKey?.id],
      ].toSorted((a, b) => String(a[1]).localeCompare(String(b[1]))),
    )
    assert.match(failures.map(({ what }) => what).join(), /row MAC does not match/)
    assert.match(failures.map(({ what }) => what).join(), /data key does not open/)
    assert.deepEqual(
      keysOf(made.project).map(({ id, state }) => [hex(id), state]),
      [
        [old, 'decrypt-only'],
        [activeOf(made.project), 'active'],
      ],
    )
    door.alarms.splice(0)
  })

  test('a whole project moves to another KEK store, and comes back', async () => {
    const own = await openDoor({ hasSeveralStores: true, hasNoWorker: true })
    try {
      const owner = own.as({
        project: 'p',
        user: 'u',
        roles: ['admin', 'key-manager:service-admin'],
      })
      const made = []
      for (let index = 0; index < 20; index += 1) {
        made.push(await secretWithPayload(owner, { payload: `payload ${index}` }))
      }
      const stores = own.database.secretStores
      for (const [suffix, store] of [
        ['second', 'memory:second'],
        ['software', 'memory'],
        ['second', 'memory:second'],
      ] as const) {
        const row = (await stores.list()).find((it) => it.suffix === suffix)
        assert.ok(row !== undefined)
        await stores.prefer('p' as never, row.id, own.clock.now())
        own.clock.advanceSeconds(60)
        const job = await runJob(own, 'project-move', { projectId: 'p' as never, toStore: store })
        assert.equal(job.state, 'done', JSON.stringify(job))
        const keys = own.execute('select store, state from project_keys')
        assert.deepEqual(
          keys.map((it) => ({ ...it })),
          [{ store, state: 'active' }],
        )
        own.clock.advanceSeconds(KEYS_ARE_FORGOTTEN)
        made.push(await secretWithPayload(owner, { payload: `payload ${made.length}` }))
        for (const [index, { path }] of made.entries()) {
          assert.equal((await owner.get(`${path}/payload`)).text, `payload ${index}`)
        }
      }
      assert.deepEqual(own.alarms, [])
    } finally {
      await own.close()
    }
  })

  test('a shredded project loses also those keys that rotation was about to destroy', async () => {
    const made = await cloud(3)
    await nextTerm(made.project)
    const { id } = await addJob(door, 'data-keys', { projectId: made.project as never })
    const step = {
      jobId: id,
      revision: 0,
      place: { phase: 'mark', lap: 1, stragglers: 0 },
      done: 0,
      verified: 0,
      keysDestroyed: 0,
      failures: [],
      now: door.clock.now(),
    }
    assert.equal(await door.database.rotation.mark(step, made.project as never, undefined), 1)
    const { deletions } = door.database
    const now = door.clock.now()
    await deletions.note(made.project as never, { source: 'operator', now, notBefore: now })
    const lease = { owner: 'o', now: door.clock.now(), until: door.clock.now() }
    assert.ok((await deletions.claim(lease, made.project as never)) !== undefined)
    assert.equal(await deletions.destroyKeys(made.project as never, lease), 2)
    const left = door.execute(
      'select length(wrapped) as bytes from project_keys where project_id = ?',
      made.project,
    )
    assert.deepEqual(
      left.map(({ bytes }) => Number(bytes)),
      [0, 0],
    )
    await door.database.jobs.turn(id, 'cancelled', door.clock.now())
  })

  test('all projects are gone through, and formats are counted', async () => {
    const job = await runJob(door, 'data-keys')
    // The shredded one has no key any more: what is left of it goes with it.
    assert.equal(job.done, job.total - 6)
    const formats = await runJob(door, 'formats')
    assert.equal(formats.state, 'done')
    assert.ok(formats.done > 100)
  })
})

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex')
}

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, deleteWith, member } from '../support/doorContainers.ts'
import { secretOf } from '../support/doorSecrets.ts'

const CONSUMER = { name: 'n', URL: 'u' }

/** Who may do what with a colleague's container, once through the door in each mode. */
interface Expectation {
  readonly roles: readonly string[]
  readonly create: boolean
  readonly list: boolean
  readonly see: boolean
  /** Adding and removing secrets. */
  readonly change: boolean
  readonly remove: boolean
  /** Consumers: listing, adding, removing. */
  readonly use: boolean
}

const all = { create: true, list: true, see: true, change: true, remove: true, use: true }
const none = { create: false, list: false, see: false, change: false, remove: false, use: false }

const LEGACY: readonly Expectation[] = [
  { roles: ['admin'], ...all },
  // A creator deletes what they created, and no more.
  { roles: ['creator'], ...all, remove: false },
  { roles: ['observer'], ...none, list: true, see: true, use: true },
  // Q56: whoever may read may add and remove consumers.
  { roles: ['audit'], ...none, see: true, use: true },
  { roles: ['key-manager:service-admin'], ...none, see: true, use: true },
  { roles: ['member', 'reader'], ...none },
  { roles: [], ...none },
]
const CURRENT: readonly Expectation[] = [
  { roles: ['admin', 'member', 'reader'], ...all },
  { roles: ['member', 'reader'], ...all },
  { roles: ['reader'], ...none },
  { roles: ['creator', 'observer', 'audit'], ...none },
]

function suite(
  mode: string,
  enforceNewDefaults: boolean,
  rows: readonly Expectation[],
  maker: string,
): void {
  describe(`policy of containers through the door, ${mode} defaults`, () => {
    let door: Door
    let owner: Caller
    before(async () => {
      door = await openDoor({ enforceNewDefaults })
      owner = door.as({ project: 'p', user: 'owner', roles: [maker] })
    })
    after(() => door.close())

    async function asked(caller: Caller) {
      const [secret, other] = [await secretOf(owner), await secretOf(owner)]
      const container = await containerOf(owner, { secret_refs: [member(other, 'there')] })
      await owner.post(`${container.path}/consumers`, CONSUMER)
      const [row] = door.execute(
        'select id from container_consumers where container_id = ?',
        container.id,
      )
      const { path } = container
      return {
        create: [await caller.post('/v1/containers', { type: 'generic' })],
        list: [await caller.get('/v1/containers')],
        see: [await caller.get(path), await caller.get(`${path}/consumers/${row?.['id']}`)],
        change: [
          await caller.post(`${path}/secrets`, member(secret)),
          await deleteWith(caller, `${path}/secrets`, member(other, 'there')),
        ],
        use: [
          await caller.get(`${path}/consumers`),
          await caller.post(`${path}/consumers`, { ...CONSUMER, URL: 'other' }),
          await deleteWith(caller, `${path}/consumers`, CONSUMER),
        ],
        remove: [await caller.delete(path)],
      }
    }

    for (const row of rows) {
      test(`roles ${row.roles.join(', ') || 'none'} in the project of the container`, async () => {
        const caller = door.as({ project: 'p', user: 'caller', roles: row.roles })
        for (const [what, answers] of Object.entries(await asked(caller))) {
          const isAllowed = row[what as keyof Omit<Expectation, 'roles'>]
          for (const { status, text } of answers) {
            assert.equal(status < 300, isAllowed, `${what}: ${status} ${text}`)
            if (!isAllowed) assert.equal(status, 403, what)
          }
        }
      })
    }

    test('its creator may do everything', async () => {
      for (const [what, answers] of Object.entries(await asked(owner))) {
        for (const { status } of answers) assert.ok(status < 300, `${what}: ${status}`)
      }
    })

    test('another project gets 403 for everything but its own collection, whatever its roles', async () => {
      const roles = ['admin', 'creator', 'observer', 'audit', 'member', 'reader']
      const other = door.as({ project: 'q', user: 'owner', roles })
      const { create, list, see, ...rest } = await asked(other)
      for (const { status } of [...create, ...list]) assert.ok(status < 300)
      assert.equal(list[0]?.json['total'], 1, 'the one of their own')
      assert.equal(see[0]?.status, 403)
      // The rule of one consumer lets broad roles in from anywhere, as Barbican's does.
      assert.equal(see[1]?.status, 200)
      for (const answer of Object.values(rest).flat()) {
        assert.equal(answer.status, 403)
        assert.equal(answer.json['title'], 'Forbidden')
      }
    })
  })
}

suite('legacy', false, LEGACY, 'creator')
suite('new', true, CURRENT, 'member')

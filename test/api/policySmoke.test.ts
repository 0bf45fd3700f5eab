import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const AES_ORDER = { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }

/** Who may do what, once through the door in each mode; the whole matrix is the policy room's. */
interface Expectation {
  readonly roles: readonly string[]
  readonly create: boolean
  readonly list: boolean
  readonly see: boolean
  readonly decrypt: boolean
  readonly store: boolean
  readonly remove: boolean
  readonly order: boolean
}

const all = {
  create: true,
  list: true,
  see: true,
  decrypt: true,
  store: true,
  remove: true,
  order: true,
}
const none = {
  create: false,
  list: false,
  see: false,
  decrypt: false,
  store: false,
  remove: false,
  order: false,
}

const LEGACY: readonly Expectation[] = [
  { roles: ['admin'], ...all },
  { roles: ['creator'], ...all },
  { roles: ['CREATOR'], ...all },
  { roles: ['observer'], ...none, list: true, see: true, decrypt: true },
  { roles: ['audit'], ...none, see: true },
  { roles: ['key-manager:service-admin'], ...none, see: true },
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
) {
  describe(`policy through the door, ${mode} defaults`, () => {
    let door: Door
    let owner: Caller
    before(async () => {
      door = await openDoor({ enforceNewDefaults })
      owner = door.as({ project: 'p', user: 'owner', roles: [maker] })
    })
    after(() => door.close())

    for (const row of rows) {
      test(`roles ${row.roles.join(', ') || 'none'} in one's own project`, async () => {
        const caller = door.as({ project: 'p', user: 'caller', roles: row.roles })
        const full = await secretWithPayload(owner)
        const empty = await secretOf(owner)
        const text = { 'content-type': 'text/plain' }
        const note = { key: 'k', value: 'v' }
        const asked = {
          create: [await caller.post('/v1/secrets', {})],
          list: [await caller.get('/v1/secrets'), await caller.get('/v1/orders')],
          see: [await caller.get(full.path), await caller.get(`${full.path}/metadata`)],
          decrypt: [await caller.get(`${full.path}/payload`)],
          store: [await caller.put(empty.path, 'x', text)],
          order: [await caller.post('/v1/orders', AES_ORDER)],
          remove: [
            await caller.post(`${full.path}/metadata`, note),
            await caller.put(`${full.path}/metadata/k`, note).then(({ status }) => ({
              // Without the POST before it there is no key to find.
              status: status === 404 ? 403 : status,
            })),
            await caller.delete(full.path),
          ],
        }
        for (const [what, answers] of Object.entries(asked)) {
          const isAllowed = row[what as keyof typeof asked]
          for (const { status } of answers) assert.equal(status !== 403, isAllowed, what)
        }
      })
    }

    test('another project gets 403 for everything, whatever its roles below admin', async () => {
      const roles = ['creator', 'observer', 'audit', 'member', 'reader']
      const other = door.as({ project: 'q', user: 'owner', roles })
      const { path } = await secretWithPayload(owner)
      for (const answer of [
        await other.get(path),
        await other.get(path, { accept: 'text/plain' }),
        await other.get(`${path}/payload`),
        await other.put(path, 'x', { 'content-type': 'text/plain' }),
        await other.get(`${path}/metadata`),
        await other.put(`${path}/metadata`, { metadata: {} }),
        await other.delete(path),
      ]) {
        assert.equal(answer.status, 403)
        assert.equal(answer.json['title'], 'Forbidden')
      }
      assert.equal((await other.get('/v1/secrets')).json['total'], 0)
    })
    if (!enforceNewDefaults) return
    test('admin of any project sees metadata of a secret and deletes it, and never its payload (Q33)', async () => {
      const foreign = door.as({ project: 'q', user: 'boss', roles: ['admin', 'member', 'reader'] })
      const { path } = await secretWithPayload(owner)
      assert.equal((await foreign.get(`${path}/payload`)).status, 403)
      assert.equal((await foreign.get(path, { accept: 'text/plain' })).status, 403)
      assert.equal((await foreign.get(path)).status, 200)
      assert.equal((await foreign.delete(path)).status, 204)
    })
  })
}

suite('legacy', false, LEGACY, 'creator')
suite('new', true, CURRENT, 'member')

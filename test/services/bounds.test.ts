import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gatehouse } from '../peers/gatehouse.ts'
import { freshServerDatabase, type ServerKind } from '../support/serverDatabase.ts'
import { idOf, startNodes } from '../support/severalNodes.ts'

/** docs/operations.md: how old what a node remembers of a preference may be. */
const PREFERENCE_AGE_MS = 10_000

const TWO_STORES = {
  secretstore: { enable_multiple_secret_stores: 'True', stores_lookup_suffix: 'one, two' },
  'secretstore:one': {
    secret_store_plugin: 'store_crypto',
    crypto_plugin: 'simple_crypto',
    global_default: 'True',
  },
  'secretstore:two': {
    secret_store_plugin: 'store_crypto',
    crypto_plugin: 'simple_crypto',
    name: 'The other one',
    kek_store: 'keyring:two',
  },
  'keyring:two': { file: 'keyring-two' },
}

function boundsOn(name: string, kind: ServerKind): void {
  describe(`what a node remembers, on ${name}`, () => {
    test('a project key that one node replaces is used, and what it sealed opens, everywhere', async (t) => {
      const database = await freshServerDatabase(kind)
      t.after(() => database.drop())
      const urls = [database.url, database.url, database.url]
      const { nodes, caller } = await startNodes(t, urls, {
        project_keys: { max_age: '1', cache_ttl: '1' },
      })
      const creator = await caller('turning', ['creator'])
      const stored = new Map<string, string>()
      for (let step = 0; step < 24; step += 1) {
        const at = nodes[step % 3] ?? assert.fail()
        stored.set(await creator.store(at, `payload ${step}`), `payload ${step}`)
        for (const [id, payload] of [...stored].slice(-6)) {
          for (const other of nodes) assert.equal(await creator.payload(other, id), payload)
        }
        await delay(150)
      }
      for (const [id, payload] of stored) {
        for (const at of nodes) assert.equal(await creator.payload(at, id), payload)
      }
      const terms = database.execute(
        "select project_keys.term, project_keys.state from project_keys where project_id = 'turning'",
      )
      const active = terms.filter(({ state }) => state === 'active')
      assert.equal(active.length, 1)
      assert.ok(terms.length >= 3, `${terms.length} terms`)
      assert.equal(new Set(terms.map(({ term }) => term)).size, terms.length)
    })

    test('a preferred store is one however many prefer, and every node follows within 10 s', async (t) => {
      const database = await freshServerDatabase(kind)
      t.after(() => database.drop())
      const urls = [database.url, database.url, database.url]
      const { nodes, caller } = await startNodes(t, urls, TWO_STORES)
      const admin = await caller('choosing', ['admin', 'creator'])
      const node = (index: number): Gatehouse => nodes[index % 3] ?? assert.fail()
      const storeOf = async (at: Gatehouse): Promise<unknown> => {
        const id = await admin.store(at, 'x')
        const [row] = database.execute(
          'select project_keys.store from secrets join project_keys ' +
            `on substr(secrets.row_mac, 1, 8) = project_keys.id where secrets.id = '${id}'`,
        )
        return row?.['store']
      }
      const before = await Promise.all(nodes.map(storeOf))
      assert.equal(new Set(before).size, 1)
      const { secret_stores: stores } = (await admin.expect(
        200,
        node(0),
        'GET',
        '/v1/secret-stores',
      )) as { readonly secret_stores: readonly { readonly secret_store_ref: string }[] }
      const ids = stores.map((store) => idOf(store.secret_store_ref))
      assert.equal(ids.length, 2)
      const prefer = (at: Gatehouse, id = '') =>
        admin.expect(204, at, 'POST', `/v1/secret-stores/${id}/preferred`)
      await Promise.all(Array.from({ length: 12 }, (_, n) => prefer(node(n), ids[n % 2])))
      const preferred =
        "select count(*) as found from preferred_secret_stores where project_id = 'choosing'"
      assert.equal(Number(database.execute(preferred)[0]?.['found']), 1)
      const names = new Map<string, unknown>()
      for (const id of ids) {
        await prefer(node(0), id)
        await delay(PREFERENCE_AGE_MS)
        const after = await Promise.all(nodes.map(storeOf))
        assert.equal(new Set(after).size, 1, `${after}`)
        names.set(id, after[0])
      }
      assert.equal(new Set(names.values()).size, 2)
    })
  })
}

boundsOn('MariaDB', 'mysql')
boundsOn('PostgreSQL', 'postgresql')

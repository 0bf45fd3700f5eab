import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { type Ask, restartedDeployment, storeSecret } from '../support/restartedDeployment.ts'

const FIRST = `[secretstore:software]
secret_store_plugin = store_crypto
crypto_plugin = simple_crypto
`
const SECOND = `[secretstore:second]
secret_store_plugin = store_crypto
name = Second keyring
kek_store = keyring:b
`
const DEFAULT_HERE = 'global_default = True\n'
const several = (suffixes: string, ...sections: readonly string[]) =>
  `[secretstore]\nenable_multiple_secret_stores = True\nstores_lookup_suffix = ${suffixes}\n${sections.join('')}`
const BOTH = several('software, second', FIRST, DEFAULT_HERE, SECOND)

interface Listed {
  readonly created: string
  readonly updated: string
  readonly name: string
  readonly global_default: boolean
  readonly secret_store_ref: string
}

async function listed(ask: Ask): Promise<readonly Listed[]> {
  const { status, text } = await ask('GET', '/v1/secret-stores')
  assert.equal(status, 200, text)
  return JSON.parse(text).secret_stores
}

async function prefer(ask: Ask, name: string): Promise<void> {
  const store = (await listed(ask)).find((it) => it.name === name)
  const path = `/v1/secret-stores/${store?.secret_store_ref.slice(-36)}/preferred`
  assert.equal((await ask('POST', path)).status, 204)
}

const KEYS = 'select store, state from project_keys order by store'

describe('several secret stores, over restarts', () => {
  it('come to a deployment with one without a secret being lost, and go again', async (t) => {
    const here = restartedDeployment(t)
    let old = ''
    await here.up('', async (ask) => {
      old = await storeSecret(ask, 'from before')
      assert.equal((await ask('GET', '/v1/secret-stores')).status, 404)
    })
    await here.up(BOTH, async (ask) => {
      assert.equal((await ask('GET', old)).text, 'from before')
      await storeSecret(ask, 'in the default')
    })
    assert.deepEqual(here.rows(KEYS), [{ store: 'keyring', state: 'active' }])
    await here.up('', async (ask) => assert.equal((await ask('GET', old)).text, 'from before'))
  })

  it('keep their ids and preferences; a changed default moves `updated`, and new secrets alone', async (t) => {
    const here = restartedDeployment(t)
    let [old, first]: [string, readonly Listed[]] = ['', []]
    await here.up(BOTH, async (ask) => {
      first = await listed(ask)
      old = await storeSecret(ask, 'in the first')
    })
    await here.up(BOTH, async (ask) => assert.deepEqual(await listed(ask), first))
    const turned = several('second, software', SECOND, DEFAULT_HERE, FIRST)
    await here.up(turned, async (ask) => {
      const [second, software] = await listed(ask)
      for (const [now, before] of [
        [software, first[0]],
        [second, first[1]],
      ]) {
        assert.equal(now?.secret_store_ref.slice(-36), before?.secret_store_ref.slice(-36))
        assert.equal(now?.created, before?.created)
        assert.notEqual(now?.updated, before?.updated)
        assert.notEqual(now?.global_default, before?.global_default)
      }
      const { text } = await ask('GET', '/v1/secret-stores/global-default')
      assert.equal(JSON.parse(text).name, 'Second keyring')
      assert.equal((await ask('GET', old)).text, 'in the first')
      await storeSecret(ask, 'in the second')
      await prefer(ask, 'Software Only Crypto')
    })
    assert.deepEqual(here.rows(KEYS), [
      { store: 'keyring', state: 'active' },
      { store: 'keyring:b', state: 'active' },
    ])
    await here.up(turned, async (ask) => {
      const { text } = await ask('GET', '/v1/secret-stores/preferred')
      assert.equal(JSON.parse(text).name, 'Software Only Crypto')
    })
  })

  it('are all shown by `kek status`, and what the database needs beside them', async (t) => {
    const here = restartedDeployment(t)
    const early = await here.verb(BOTH, 'kek', 'status')
    assert.equal(early.code, 0)
    assert.match(early.out, /no keyring at .*\n\nThere is no keyring:b at /)
    await here.up(BOTH, async (ask) => {
      await prefer(ask, 'Second keyring')
      await storeSecret(ask, 'x')
    })
    const both = await here.verb(BOTH, 'kek', 'status')
    assert.equal(both.code, 0)
    assert.match(both.out, /store {7}keyring \(keyring\), .*\/keyring\n/)
    assert.match(both.out, /store {7}keyring:b \(keyring\), .*\/keyring-b\n/)
    assert.equal(both.out.match(/wraps new keys/g)?.length, 2)
    const one = await here.verb('', 'kek', 'status')
    assert.equal(one.code, EXIT_CODES.keys.code)
    assert.match(one.out, /needs the KEK store keyring:b \([0-9a-f]{32}\), which is not configured/)
  })

  it('are named by `config show` and in the first lines of the log', async (t) => {
    const here = restartedDeployment(t)
    const shown = await here.verb(BOTH, 'config', 'show')
    assert.match(shown.out, /\[secretstore:second\][^[]*\nkek_store = keyring:b\n/)
    await here.up(BOTH)
    const log = readFileSync(here.log, 'utf8')
    assert.match(log, /"kekStore":"keyring",.*"secretStore":"software","isGlobalDefault":true/)
    assert.match(log, /"kekStore":"keyring:b",.*"secretStore":"second","isGlobalDefault":false/)
  })
})

describe('barbican-manage db sync_secret_stores', () => {
  it('does what a start does: it makes ids that stay, and refuses to take away what is preferred', async (t) => {
    const here = restartedDeployment(t)
    assert.deepEqual(await here.manage('', 'db', 'sync_secret_stores'), {
      code: 0,
      out: 'Several secret stores are not enabled: there is nothing to do.\n',
      err: '',
    })
    assert.ok(!existsSync(here.state), 'nothing to do made something')
    const first = await here.manage(BOTH, 'db', 'sync_secret_stores', '--verbose')
    assert.equal(first.code, 0, first.err)
    const ids = [...first.out.matchAll(/^(\w+) {2}([0-9a-f-]{36})$/gm)].map(([, , id]) => id)
    assert.equal(ids.length, 2)
    await here.up(BOTH, async (ask) => {
      const refs = (await listed(ask)).map((store) => store.secret_store_ref.slice(-36))
      assert.deepEqual(refs.toSorted(), ids.toSorted())
      await prefer(ask, 'Second keyring')
    })
    const one = several('software', FIRST, DEFAULT_HERE)
    const refused = await here.manage(one, 'db', 'sync_secret_stores')
    assert.equal(refused.code, EXIT_CODES.settings.code)
    assert.match(refused.err, /^barbican-manage: .*second \(preferred by 1 project\)/)
  })
})

describe('a start with several secret stores is refused', () => {
  it('when the settings do not fit together, each mistake with its line', async (t) => {
    const here = restartedDeployment(t)
    const none = await here.refusal(several('software, second', FIRST, SECOND), 'settings')
    assert.match(none, /exactly one section must say global_default = true/)
    const two = await here.refusal(`${BOTH}global_default = 1\n`, 'settings')
    assert.match(two, /2 global defaults.*exactly one/)
    const elsewhere = await here.refusal(
      BOTH.replace('= store_crypto', '= kmip_plugin'),
      'settings',
    )
    assert.match(
      elsewhere,
      /\.conf:\d+: \[secretstore:software\] secret_store_plugin is "kmip_plugin"/,
    )
    assert.ok(!existsSync(join(here.state, 'keyring')), 'a refused start made a keyring')
  })

  it('when a store that project keys need is gone: its name and fingerprint are told', async (t) => {
    const here = restartedDeployment(t)
    await here.up(BOTH, async (ask) => {
      await prefer(ask, 'Second keyring')
      await storeSecret(ask, 'x')
    })
    for (const stores of ['', several('software', FIRST, DEFAULT_HERE)]) {
      const sentence = await here.refusal(stores, 'keys')
      assert.match(sentence, /KEK stores that are not configured \(keyring:b: [0-9a-f]{32}\)/)
    }
    const renamed = await here.refusal(BOTH.replace('keyring:b', 'keyring:c'), 'keys')
    assert.match(renamed, /\(keyring:b: [0-9a-f]{32}\)/)
    await here.up(BOTH)
  })

  it('when a store that a project prefers is gone, until nobody does', async (t) => {
    const here = restartedDeployment(t)
    await here.up(BOTH, (ask) => prefer(ask, 'Second keyring'))
    const one = several('software', FIRST, DEFAULT_HERE)
    const sentence = await here.refusal(one, 'settings')
    assert.match(sentence, /no longer names: second \(preferred by 1 project\)/)
    await here.up(BOTH, async (ask) => {
      const [store] = await listed(ask)
      const path = `/v1/secret-stores/${store?.secret_store_ref.slice(-36)}/preferred`
      assert.equal((await ask('DELETE', path)).status, 204)
    })
    await here.up(one, async (ask) => {
      const names = (await listed(ask)).map(({ name }) => name)
      assert.deepEqual(names, ['Software Only Crypto'])
    })
  })

  it('when the keyring of one is gone, or is that of the other', async (t) => {
    const here = restartedDeployment(t)
    await here.up(BOTH)
    const [a, b] = [join(here.state, 'keyring'), join(here.state, 'keyring-b')]
    renameSync(b, `${b}.kept`)
    const gone = await here.refusal(BOTH, 'keys')
    assert.match(gone, /There is no keyring at .*keyring-b, .*fingerprint [0-9a-f]{32}/)
    assert.ok(!existsSync(b), 'a second node would have made a keyring of its own')
    const status = await here.verb(BOTH, 'kek', 'status')
    assert.equal(status.code, EXIT_CODES.keys.code)
    assert.match(status.err, /There is no keyring at .*keyring-b/)
    renameSync(a, b)
    renameSync(`${b}.kept`, a)
    const exchanged = await here.refusal(BOTH, 'keys')
    assert.match(exchanged, /The KEK store keyring is not the one the database was used with/)
  })
})

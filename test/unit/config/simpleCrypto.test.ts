import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindOf } from '../../../src/config/kekStoreKinds.ts'
import { showSettings } from '../../../src/config/showSettings.ts'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const PUBLIC = 'dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg='
const OURS = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
const OTHER = 'bWFkZS11cC1rZXktZm9yLWEtdGVzdC1vbmx5LTAwMDE='

function chosen(...lines: readonly string[]): string {
  return `[secretstore]\nkek_store = simple_crypto\n[simple_crypto_plugin]\n${lines.join('\n')}\n`
}

/** The files of tests are open to all, which a start says of every file with a secret. */
function besidesModes(notices: readonly string[]): readonly string[] {
  return notices.filter((notice) => !notice.endsWith('chmod o-r it.'))
}

describe('[simple_crypto_plugin] kek', () => {
  it('is read as oslo reads it: several lines, quoted or not, the first one first', (t) => {
    const { settings, notices } = loadedFrom(t, chosen(`kek = '${OURS}'`, `kek = "${OTHER}"`))
    assert.deepEqual(besidesModes(notices), [])
    assert.deepEqual(settings.kekStores, [
      { kind: 'simple_crypto', name: 'simple_crypto', options: settings.simple_crypto_plugin },
    ])
    assert.deepEqual(settings.simple_crypto_plugin.kek, [OURS, OTHER])
  })

  it('may come from the environment', (t) => {
    const { settings } = loadedFrom(t, chosen(), { OS_SIMPLE_CRYPTO_PLUGIN__KEK: OURS })
    assert.deepEqual(settings.simple_crypto_plugin.kek, [OURS])
  })

  it('is never shown: not among the settings, not in a mistake', (t) => {
    const shown = showSettings(loadedFrom(t, chosen(`kek = ${OURS}`, `kek = ${OTHER}`)))
    for (const key of [OURS, OTHER]) assert.ok(!shown.includes(key.slice(0, 20)))
    assert.match(shown, /# kek = \(given, not shown\)/)
    for (const wrong of [`x${OURS}`, 'hunter2hunter2', OURS.slice(0, -1), `${OURS}${OURS}`]) {
      const [mistake = '', ...more] = mistakesIn(t, chosen(`kek = ${OTHER}`, `kek = ${wrong}`))
      assert.deepEqual(more, [])
      assert.match(mistake, /\[simple_crypto_plugin\] kek is no key .* the second time: 32 bytes/)
      assert.ok(!mistake.includes(wrong))
    }
  })

  it('is missed where it is to be used', (t) => {
    const [mistake = ''] = mistakesIn(t, chosen())
    assert.match(mistake, /\[simple_crypto_plugin\] kek is missing, and kek_store is simple_crypto/)
  })

  it('that is the default of old Barbican releases is refused as the first', (t) => {
    for (const lines of [[PUBLIC], [PUBLIC, OURS], [`'${PUBLIC}'`]]) {
      const [mistake = ''] = mistakesIn(t, chosen(...lines.map((line) => `kek = ${line}`)))
      assert.match(mistake, /kek begins with the default of old Barbican releases/)
    }
  })

  it('that is that default is taken behind another, with a warning at every start', (t) => {
    const { settings } = loadedFrom(t, chosen(`kek = ${OURS}`, `kek = ${PUBLIC}`))
    const [store = assert.fail('no store')] = settings.kekStores
    assert.match(kindOf(store).warning(store.options, false) ?? '', /which everybody has/)
    const without = loadedFrom(t, chosen(`kek = ${OURS}`)).settings.kekStores[0] ?? store
    assert.equal(kindOf(without).warning(without.options, true), undefined)
  })

  it('is refused when one key comes twice, also in the other alphabet', (t) => {
    const [safe, usual] = [`${'_-'.repeat(21)}8=`, `${'/+'.repeat(21)}8=`]
    for (const second of [safe, usual]) {
      const [mistake = ''] = mistakesIn(t, chosen(`kek = ${safe}`, `kek = ${second}`))
      assert.match(mistake, /gives one key twice: the second/)
    }
  })

  it('changes nothing while nobody chose it, and one notice says so', (t) => {
    const { settings, notices } = loadedFrom(t, `[simple_crypto_plugin]\nkek = ${PUBLIC}\n`)
    assert.deepEqual(
      settings.kekStores.map(({ kind }) => kind),
      ['keyring'],
    )
    const [notice = '', ...more] = besidesModes(notices)
    assert.deepEqual(more, [])
    assert.match(notice, /kek is not used: .*write kek_store = simple_crypto/)
  })

  it('is one of several stores, beside a keyring', (t) => {
    const two = `[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = old, new
[secretstore:old]
secret_store_plugin = store_crypto
crypto_plugin = simple_crypto
kek_store = simple_crypto
name = Old
[secretstore:new]
secret_store_plugin = store_crypto
global_default = true
[simple_crypto_plugin]
kek = ${OURS}
`
    const { settings, notices } = loadedFrom(t, two)
    assert.deepEqual(
      settings.kekStores.map(({ name }) => name),
      ['simple_crypto', 'keyring'],
    )
    assert.deepEqual(besidesModes(notices), [])
    const [mistake = ''] = mistakesIn(t, two.replace(OURS, PUBLIC))
    assert.match(mistake, /begins with the default/)
  })

  it('has a section for each further store of its kind', (t) => {
    const further = `[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = a
[secretstore:a]
secret_store_plugin = store_crypto
global_default = true
kek_store = simple_crypto:a
[simple_crypto_plugin:a]
kek = ${OURS}
`
    const [store] = loadedFrom(t, further).settings.kekStores
    assert.equal(store?.name, 'simple_crypto:a')
    assert.deepEqual(store?.kind === 'simple_crypto' && store.options.kek, [OURS])
    const [mistake = ''] = mistakesIn(t, further.replace(OURS, 'x'))
    assert.match(mistake, /\[simple_crypto_plugin:a\] kek is no key/)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { showSettings } from '../../../src/config/showSettings.ts'
import { ELSEWHERE, loadedFrom, mistakesIn } from './loadedFrom.ts'

/** As Barbican's documentation has it for a Luna Network HSM, and what an older one adds. */
const BARBICANS = `[secretstore]
enabled_secretstore_plugins = store_crypto

[crypto]
enabled_crypto_plugins = p11_crypto

[p11_crypto_plugin]
library_path = '/usr/lib/libCryptoki2_64.so'
token_serial_number = 12345678
token_labels = myToken, another
slot_id = 3
login = 'canary-of-a-pin'
mkek_label = 'my_mkek_label'
mkek_length = 32
hmac_label = 'my_hmac_label'
hmac_key_type = CKK_GENERIC_SECRET
hmac_keygen_mechanism = CKM_GENERIC_SECRET_KEY_GEN
hmac_keywrap_mechanism = CKM_AES_MAC
encryption_mechanism = CKM_AES_GCM
key_wrap_mechanism = CKM_AES_KEY_WRAP_KWP
rw_session = False
pkek_length = 32
pkek_cache_ttl = 900
aes_gcm_generate_iv = True
os_locking_ok = True
plugin_name = Our HSM
`

const OURS = '[pkcs11]\nlibrary_path = /lib/hsm.so\nmkek_label = kek\n'

describe('an HSM in the settings', () => {
  it("is that of Barbican's section, as it stands", (t) => {
    const { settings, notices } = loadedFrom(t, BARBICANS)
    const [store] = settings.kekStores
    assert.ok(store?.kind === 'pkcs11')
    assert.equal(store.name, 'pkcs11')
    const { options } = store
    assert.equal(options.library_path, '/usr/lib/libCryptoki2_64.so')
    assert.equal(options.token_serial_number, '12345678')
    assert.deepEqual(options.token_labels, ['myToken', 'another'])
    assert.equal(options.slot_id, 3)
    assert.equal(options.login, 'canary-of-a-pin')
    assert.equal(options.mkek_label, 'my_mkek_label')
    assert.equal(options.key_wrap_mechanism, 'CKM_AES_KEY_WRAP_KWP')
    assert.equal(options.rw_session, false)
    assert.equal(options.plugin_name, 'Our HSM')
    const said = notices.join('\n')
    assert.match(said, /do nothing here: .*\[p11_crypto_plugin\] hmac_label/)
    assert.match(said, /\[p11_crypto_plugin\] encryption_mechanism/)
  })

  it('is the only store where a library is named, unless it is said otherwise', (t) => {
    const kindOf = (text: string) => loadedFrom(t, text).settings.kekStores[0]?.kind
    assert.equal(kindOf(''), 'keyring')
    assert.equal(kindOf(OURS), 'pkcs11')
    assert.equal(kindOf(`${OURS}[secretstore]\nkek_store = keyring\n`), 'keyring')
  })

  it('is one of several stores by its crypto_plugin, with its own name for people', (t) => {
    const { settings } = loadedFrom(
      t,
      `${OURS}[secretstore]
enable_multiple_secret_stores = True
stores_lookup_suffix = luna, other
[secretstore:luna]
secret_store_plugin = store_crypto
crypto_plugin = p11_crypto
global_default = True
[secretstore:other]
secret_store_plugin = store_crypto
crypto_plugin = p11_crypto
name = Other
kek_store = pkcs11:other
[pkcs11:other]
library_path = /lib/hsm.so
token_labels = other
mkek_label = kek
`,
    )
    assert.deepEqual(
      settings.kekStores.map(({ kind, name }) => [kind, name]),
      [
        ['pkcs11', 'pkcs11'],
        ['pkcs11', 'pkcs11:other'],
      ],
    )
  })

  it('shows no PIN', (t) => {
    assert.doesNotMatch(showSettings(loadedFrom(t, BARBICANS)), /canary-of-a-pin/)
  })

  it('hands on variables that libraries look for, and those that are named', (t) => {
    const place = {
      ...ELSEWHERE,
      variable: (name: string) => (name === 'SOFTHSM2_CONF' ? '/etc/softhsm2.conf' : undefined),
    }
    const variables = (text: string) =>
      loadedFrom(t, text, {}, place).settings.pkcs11.library_environment
    assert.deepEqual(variables(OURS), ['SOFTHSM2_CONF=/etc/softhsm2.conf'])
    assert.deepEqual(variables(`${OURS}library_environment = A=1,B=2\n`), ['A=1', 'B=2'])
  })

  const wrong: readonly (readonly [what: string, text: string, RegExp])[] = [
    [
      'without a KEK',
      '[pkcs11]\nlibrary_path = /lib/hsm.so\n',
      /mkek_label is missing: name the AES/,
    ],
    [
      'without a library',
      '[secretstore]\nkek_store = pkcs11\n[pkcs11]\nmkek_label = kek\n',
      /library_path is missing/,
    ],
    [
      'of a relative library',
      OURS.replace('/lib', 'lib'),
      /library_path is lib\/hsm.so; it wants an/,
    ],
    [
      'with a KEK of 128 bits',
      `${OURS}mkek_length = 16\n`,
      /mkek_length is 16; a KEK has 32 bytes/,
    ],
    [
      'with a KEK in both places',
      `${OURS}decrypt_labels = kek\n`,
      /names kek, which is mkek_label/,
    ],
    ['with a KEK twice', `${OURS}decrypt_labels = a,b,a\n`, /decrypt_labels names a twice/],
    ['with two PINs', `${OURS}login = 1\nlogin_file = /pin\n`, /three ways to give one PIN/],
    ['by no credential', `${OURS}login_credential = pin\n`, /no \$CREDENTIALS_DIRECTORY/],
    [
      'by an unknown mechanism',
      `${OURS}key_wrap_mechanism = CKM_AES_ECB\n`,
      /wants auto, CKM_AES_GCM/,
    ],
    [
      'with odd variables',
      `${OURS}library_environment = HOME\n`,
      /holds "HOME"; it wants NAME=VALUE/,
    ],
    ['with an unknown option', `${OURS}hmac_label = x\n`, /\[pkcs11\] hmac_label is unknown/],
  ]
  for (const [what, text, message] of wrong) {
    it(`is refused ${what}`, (t) => {
      const mistakes = mistakesIn(t, text)
      assert.equal(mistakes.length, 1, mistakes.join('\n'))
      assert.match(mistakes[0] ?? '', message)
    })
  }
})

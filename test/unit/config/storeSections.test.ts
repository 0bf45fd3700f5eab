import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { storePlanOfSettings } from '../../../src/cli/storePlanOfSettings.ts'
import { KEK_STORE_KINDS } from '../../../src/config/kekStoreKinds.ts'
import type { Settings } from '../../../src/config/settingsTable.ts'
import { showSettings } from '../../../src/config/showSettings.ts'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const TWO = `[secretstore]
enable_multiple_secret_stores = True
stores_lookup_suffix = software, B

[secretstore:software]
secret_store_plugin = store_crypto
crypto_plugin = simple_crypto
global_default = True

[secretstore:b]
secret_store_plugin = store_crypto
name = Second keyring
kek_store = keyring:b
`

const THREE = `${TWO.replace('software, B', 'software, b, c')}
[secretstore:c]
secret_store_plugin = store_crypto
name = Third keyring
kek_store = keyring:c
`
const KEYSTONE =
  '[keystone_authtoken]\nauth_url = https://keystone.example/v3\nusername = u\npassword = p\nproject_name = s\n'

function keyringsOf({ kekStores }: Pick<Settings, 'kekStores'>) {
  return kekStores.filter((store) => store.kind === 'keyring')
}

describe('several secret stores', () => {
  it('are not there unless enabled, and what is said of them does nothing', (t) => {
    const { settings, notices } = loadedFrom(t, TWO.replace('True', 'False'))
    assert.deepEqual(settings.secretStores, [])
    assert.deepEqual(settings.kekStores, [
      { kind: 'keyring', name: 'keyring', options: settings.keyring },
    ])
    assert.match(notices.join('\n'), /do nothing here: .*\[secretstore:b\] kek_store/)
  })

  it('are read in the order of the list, with a KEK store each; the first is that of [keyring]', (t) => {
    const { settings, notices } = loadedFrom(t, TWO)
    assert.deepEqual(notices, [])
    assert.deepEqual(
      settings.secretStores.map(({ suffix, kekStoreName, global_default: isDefault }) => ({
        suffix,
        kekStoreName,
        isDefault,
      })),
      [
        { suffix: 'software', kekStoreName: 'keyring', isDefault: true },
        { suffix: 'b', kekStoreName: 'keyring:b', isDefault: false },
      ],
    )
    assert.deepEqual(
      keyringsOf(settings).map(({ name, options }) => [name, options.file]),
      [
        ['keyring', '/var/lib/somewhere/keyring'],
        ['keyring:b', '/var/lib/somewhere/keyring-b'],
      ],
    )
  })

  it('take the options of their KEK store from its own section', (t) => {
    const { settings } = loadedFrom(
      t,
      `${TWO}[keyring]\nprotection = plain\n[keyring:B]\nfile = /srv/b\nprotection = passphrase\npassphrase_file = /srv/words\n`,
    )
    const [, second] = keyringsOf(settings)
    assert.equal(second?.options.file, '/srv/b')
    assert.equal(second?.options.protection, 'passphrase')
    assert.equal(second?.options.passphrase_file, '/srv/words')
    assert.equal(settings.keyring.protection, 'plain')
  })

  it('are shown among the settings, and read back from there', (t) => {
    const loaded = loadedFrom(t, `${TWO}[keyring:b]\nfile = /srv/b\n`)
    const shown = showSettings(loaded)
    assert.match(shown, /\[secretstore:b\]\n/)
    assert.match(shown, /\[keyring:b\]\n# from .*\nfile = \/srv\/b\n/)
    const again = loadedFrom(t, shown)
    assert.deepEqual(again.settings.secretStores, loaded.settings.secretStores)
    assert.deepEqual(again.settings.kekStores, loaded.settings.kekStores)
  })

  it('take `keyring` for what crypto_plugin = keyring speaks of', (t) => {
    const { settings } = loadedFrom(t, TWO.replace('= simple_crypto', '= keyring'))
    assert.equal(settings.secretStores[0]?.kekStoreName, 'keyring')
    assert.equal(settings.secretStores[0]?.crypto_plugin, 'keyring')
  })

  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      'without a list',
      TWO.replace(/stores_lookup.*\n/, ''),
      /stores_lookup_suffix is missing.*list the endings/,
    ],
    ['of an odd suffix', TWO.replace('software, B', 'software, b/c'), /holds "b\/c"/],
    ['of one suffix twice', TWO.replace('software, B', 'b, B'), /names b twice/],
    [
      'without a global default',
      TWO.replace(/global_default.*\n/, ''),
      /no global default among \[secretstore:software\], \[secretstore:b\]: exactly one/,
    ],
    [
      'with two global defaults',
      `${TWO}global_default = yes\n`,
      /2 global defaults \(\[secretstore:software\], \[secretstore:b\]\): exactly one/,
    ],
    [
      'without a section',
      TWO.replace('[secretstore:b]', '[secretstore:c]'),
      /\[secretstore:b\] secret_store_plugin is missing: write store_crypto/,
    ],
    [
      'outside of the database',
      TWO.replace('= store_crypto', '= vault_plugin'),
      /"vault_plugin", which keeps payloads elsewhere.*store_crypto.*kek_store/,
    ],
    [
      'sealed by what there is not yet',
      TWO.replace('= simple_crypto', '= dogtag_crypto'),
      /crypto_plugin is "dogtag_crypto"; this release has KEK stores for simple_crypto, keyring, p11_crypto/,
    ],
    [
      'over a KEK store of an unknown kind',
      TWO.replace('keyring:b', 'vault:b'),
      /kek_store is "vault:b"; it wants keyring or keyring:NAME/,
    ],
    [
      'over a KEK store of an odd name',
      TWO.replace('keyring:b', 'keyring:b:c'),
      /kek_store is "keyring:b:c"/,
    ],
    [
      'over one KEK store',
      TWO.replace('kek_store = keyring:b', ''),
      /kek_store is keyring, which \[secretstore:software\] has already.*kek_store = keyring:b/,
    ],
    [
      'over one file',
      `${TWO}[keyring:b]\nfile = keyring\n`,
      /\[keyring:b\] file is .*keyring, and so is that of \[keyring\]/,
    ],
    [
      'of one name',
      TWO.replace('name = Second keyring', ''),
      /\[secretstore:b\] name is Software Only Crypto, and so is that of \[secretstore:software\]/,
    ],
    [
      'whose keyring wants a passphrase and has none',
      `${TWO}[keyring:b]\nprotection = passphrase\n`,
      /\[keyring:b\] passphrase_file is missing/,
    ],
    [
      'with a misspelt option of the keyring',
      `${TWO}[keyring:b]\npath = /srv/b\n`,
      /\[keyring:b\] path is unknown; \[keyring:b\] has file/,
    ],
    [
      'of which one project has two',
      `${THREE}[secretstore:b]\nprojects = x, y\n[secretstore:c]\nprojects = z, y\n`,
      /\[secretstore:c\] projects names y, and so does that of \[secretstore:b\]: what is new goes to one store/,
    ],
    [
      'of which one domain has two',
      `${KEYSTONE}${THREE}[secretstore:b]\ndomains = x\n[secretstore:c]\ndomains = x\n`,
      /\[secretstore:c\] domains names x, and so does/,
    ],
    [
      "of which everybody's belongs to somebody",
      TWO.replace('global_default = True', 'global_default = True\nprojects = x'),
      /\[secretstore:software\] projects is given, and global_default is true/,
    ],
    [
      'of which one is that of a domain, and nobody says which domain a project is in',
      `${TWO}domains = x\n`,
      /\[secretstore:b\] domains is given, and auth_strategy is token: only Keystone's tokens say/,
    ],
    [
      'that belong to what is no id',
      `${TWO}projects = ${'x'.repeat(256)}\n`,
      /\[secretstore:b\] projects names x{60}\.\.\., which is too long for an id/,
    ],
    [
      'with a misspelt option',
      `${TWO}global_defaults = no\n`,
      /\[secretstore:b\] global_defaults is unknown; did you mean global_default\?/,
    ],
  ]
  it('belong to whom their sections say, in as many lines as somebody likes', (t) => {
    const { settings } = loadedFrom(
      t,
      `${KEYSTONE}${TWO}projects = one, two\nprojects = three\ndomains = acme\n`,
    )
    const [everybodys, bound] = settings.secretStores
    assert.deepEqual([everybodys?.projects, everybodys?.domains], [[], []])
    assert.deepEqual([bound?.projects, bound?.domains], [['one', 'two', 'three'], ['acme']])
    const plan = storePlanOfSettings(settings)
    assert.deepEqual(
      plan.stores.map(({ boundTo }) => boundTo),
      [undefined, { projects: ['one', 'two', 'three'], domains: ['acme'] }],
    )
  })

  for (const [what, content, sentence] of refused) {
    it(`are refused ${what}`, (t) => {
      const mistakes = mistakesIn(t, content)
      assert.equal(mistakes.length, 1, mistakes.join('\n'))
      assert.match(mistakes[0] ?? '', sentence)
    })
  }

  it('leave a section that the list does not name alone', (t) => {
    const { notices } = loadedFrom(t, `${TWO}[secretstore:c]\nglobal_default = True\n`)
    assert.deepEqual(notices, ['Options that do nothing here: [secretstore:c] global_default.'])
  })

  it('bear the name that Barbican has an option for', (t) => {
    const { settings } = loadedFrom(t, '[simple_crypto_plugin]\nplugin_name = Our keyring\n')
    assert.equal(settings.simple_crypto_plugin.plugin_name, 'Our keyring')
  })
})

describe('the one secret store', () => {
  const CRYPTO = '[crypto]\nenabled_crypto_plugins = '
  const STORE = '[secretstore]\nenabled_secretstore_plugins = '

  it('is what Barbican calls simple_crypto in store_crypto, whether that is said or not', (t) => {
    for (const said of [
      '',
      `${STORE}store_crypto\n${CRYPTO}simple_crypto\n`,
      `${CRYPTO}simple_crypto, p11_crypto\n`,
      `${CRYPTO}\n`,
    ]) {
      assert.deepEqual(mistakesIn(t, said), [], said)
    }
  })

  for (const [what, said, sentence] of [
    [
      'another plugin for keys',
      `${CRYPTO}a_crypto\n`,
      /^gatehouse\.conf:2: \[crypto\] enabled_crypto_plugins is "a_crypto", and a keyring would take the place of what it names: write \[secretstore\] kek_store = keyring.*, the KEK stores of this release$/,
    ],
    [
      'payloads kept elsewhere',
      `${STORE}vault_plugin\n`,
      /enabled_secretstore_plugins is "vault_plugin", which keeps payloads elsewhere.*: write \[secretstore\] kek_store = keyring/,
    ],
    [
      'another plugin first',
      `${CRYPTO}a_crypto\nenabled_crypto_plugins = simple_crypto\n`,
      /"a_crypto"/,
    ],
  ] as const) {
    it(`is not started as a keyring where the file names ${what}`, (t) => {
      const mistakes = mistakesIn(t, said)
      assert.equal(mistakes.length, 1)
      assert.match(mistakes[0] ?? '', sentence)
    })
  }

  it('is a keyring once somebody says so, whatever else is said', (t) => {
    const chosen =
      '[secretstore]\nkek_store = keyring\nenabled_secretstore_plugins = vault_plugin\n'
    assert.deepEqual(mistakesIn(t, `${chosen}${CRYPTO}a_crypto\n`), [])
  })

  it('may name every kind that there is by its own words or those of Barbican', (t) => {
    for (const [kind, { cryptoPlugins }] of Object.entries(KEK_STORE_KINDS)) {
      for (const plugin of cryptoPlugins) {
        const told = mistakesIn(t, `${CRYPTO}${plugin}\n`)
        if (kind === 'keyring') assert.deepEqual(told, [])
        else
          assert.match(told.join('\n'), new RegExp(`write \\[secretstore\\] kek_store = ${kind},`))
      }
    }
  })

  it('with several secret stores is not what these options speak of', (t) => {
    assert.deepEqual(mistakesIn(t, `${TWO}[crypto]\nenabled_crypto_plugins = a_crypto\n`), [])
  })
})

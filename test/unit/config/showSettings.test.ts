import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configurationPage } from '../../../src/config/configurationPage.ts'
import { maskUrl } from '../../../src/config/maskUrl.ts'
import { sampleFile } from '../../../src/config/sampleFile.ts'
import { DOCUMENTED_OPTIONS, KNOWN_OPTIONS } from '../../../src/config/settingsTable.ts'
import { showSettings } from '../../../src/config/showSettings.ts'
import { loadedFrom } from './loadedFrom.ts'

const GIVEN = `[DEFAULT]
bind_port = 8080
log_dir = /var/$$log
[database]
connection = mysql://user:hun@ter2@db/x
[keystone_authtoken]
password = hunter2
application_credential_secret = hunter3
[oslo_policy]
policy_file = /p.yaml
policy_dirs = /a
policy_dirs = /b
`

describe('settings shown', () => {
  it('say where each given value came from, and comment out defaults', (t) => {
    const shown = showSettings(loadedFrom(t, GIVEN))
    assert.match(shown, /\n# from \S+gatehouse\.conf:2\nbind_port = 8080\n/)
    assert.match(shown, /\n# bind_host = 127\.0\.0\.1\n/)
  })

  it('hold no secret', (t) => {
    const shown = showSettings(loadedFrom(t, GIVEN))
    for (const secret of ['hunter2', 'hunter3', 'hun@', 'ter2']) assert.ok(!shown.includes(secret))
    assert.match(shown, /connection = mysql:\/\/user:\*\*\*@db\/x/)
    assert.match(shown, /# password = \(given, not shown\)/)
  })

  it('load again to the same settings, secrets aside', (t) => {
    const first = loadedFrom(t, GIVEN)
    const second = loadedFrom(t, showSettings(first))
    const withoutSecrets = ({ settings }: typeof first) => ({
      ...settings,
      database: undefined,
      keystone_authtoken: {
        ...settings.keystone_authtoken,
        password: undefined,
        application_credential_secret: undefined,
      },
    })
    assert.deepEqual(withoutSecrets(second), withoutSecrets(first))
    assert.equal(second.settings.DEFAULT.log_dir, '/var/$log')
  })
})

describe('the sample file', () => {
  it('names every option, and changes nothing as it stands', (t) => {
    const sample = sampleFile()
    for (const { name } of KNOWN_OPTIONS) assert.match(sample, new RegExp(`\n#${name} =`))
    const { originOf, notices } = loadedFrom(t, sample)
    assert.deepEqual(notices, [])
    for (const { section, name } of KNOWN_OPTIONS)
      assert.equal(originOf(section, name).kind, 'default')
  })

  it('loads with every comment sign taken away from options that have a fixed default', (t) => {
    const uncommented = sampleFile()
      .replaceAll(/^#(\w+ = ?<.*)$/gm, '# $1')
      .replaceAll(/^#(\w+ =)/gm, '$1')
    const { settings } = loadedFrom(t, uncommented)
    assert.equal(settings.DEFAULT.max_allowed_secret_in_bytes, 20_000)
  })
})

describe('the configuration page', () => {
  it('has a row for every option and tells which are secret', () => {
    const page = configurationPage()
    for (const { name } of KNOWN_OPTIONS) assert.ok(page.includes(`| \`${name}\` |`), name)
    const secret = DOCUMENTED_OPTIONS.filter(({ setting }) => setting.secret === 'whole')
    assert.ok(secret.length >= 2)
    assert.equal(page.match(/Secret: never shown/g)?.length, secret.length)
  })

  it('calls secret whatever is named like a secret and is no path', () => {
    const named = /(^|_)(password|secret|secret_id|secret_access_key|token|token_id)$/
    const open = DOCUMENTED_OPTIONS.filter(
      ({ name, setting }) => named.test(name) && setting.secret !== 'whole',
    )
    assert.deepEqual(
      open.map(({ section, name }) => `[${section}] ${name}`),
      [],
    )
  })
})

describe('a masked URL', () => {
  it('shows no part of a password, however it is written', () => {
    for (const url of [
      'a://u:s3cret@h/d',
      'a://u:s3c@ret@h/d',
      'a://u:s3c:ret@h/d',
      'a://:s3cret@h',
      'x a://u:s3cret@h y',
      'a://u:s3c/ret@h',
    ]) {
      assert.ok(!/s3c|ret/.test(maskUrl(url)), maskUrl(url))
    }
    assert.equal(maskUrl('sqlite:////a/b@c'), 'sqlite:////a/b@c')
    assert.equal(maskUrl('mysql://u@h/d'), 'mysql://u@h/d')
  })
})

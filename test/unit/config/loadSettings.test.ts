import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { loadSettings } from '../../../src/config/loadSettings.ts'
import { SettingsRefused } from '../../../src/config/settingsMistake.ts'
import { ELSEWHERE, filesWith, loadedFrom, mistakesIn, sourcesOf } from './loadedFrom.ts'

describe('settings', () => {
  it('have a default that works for everything', () => {
    const { settings, files, notices } = loadSettings({
      sources: sourcesOf(['file', '/dev/null']),
      env: {},
      place: ELSEWHERE,
    })
    assert.equal(settings.DEFAULT.bind_host, '127.0.0.1')
    assert.equal(settings.DEFAULT.bind_port, 9311)
    assert.equal(settings.DEFAULT.auth_strategy, 'token')
    assert.equal(settings.database.connection, 'sqlite:////var/lib/somewhere/gatehouse.sqlite')
    assert.deepEqual(files, ['/dev/null'])
    assert.deepEqual(notices, [])
  })

  it('come from later files before earlier ones, and from the environment before both', (t) => {
    const files = filesWith(t, {
      'a.conf': '[DEFAULT]\nbind_port = 1\nbacklog = 1\nmax_limit_paging = 1\n',
      'b.conf': '[DEFAULT]\nbind_port = 2\nbacklog = 2\n',
    })
    const { settings, originOf } = loadSettings({
      sources: sourcesOf(['file', files.path('a.conf')], ['file', files.path('b.conf')]),
      env: { OS_DEFAULT__BIND_PORT: '3' },
      place: ELSEWHERE,
    })
    assert.equal(settings.DEFAULT.bind_port, 3)
    assert.equal(settings.DEFAULT.backlog, 2)
    assert.equal(settings.DEFAULT.max_limit_paging, 1)
    assert.deepEqual(originOf('DEFAULT', 'bind_port'), {
      kind: 'given',
      where: 'environment OS_DEFAULT__BIND_PORT',
    })
    assert.deepEqual(originOf('DEFAULT', 'backlog'), {
      kind: 'given',
      where: `${files.path('b.conf')}:3`,
    })
    assert.deepEqual(originOf('DEFAULT', 'debug'), { kind: 'default' })
  })

  it('come from the *.conf of a folder in alphabetical order, and from nothing else in it', (t) => {
    const files = filesWith(t, {
      'd/20-b.conf': '[DEFAULT]\nbind_port = 20\n',
      'd/10-a.conf': '[DEFAULT]\nbind_port = 10\nbacklog = 10\n',
      'd/99-c.conf.bak': '[DEFAULT]\nbind_port = 99\n',
      'd/.hidden.conf': '[DEFAULT]\nbind_port = 98\n',
    })
    const { settings } = loadSettings({
      sources: sourcesOf(['folder', files.path('d')]),
      env: {},
      place: ELSEWHERE,
    })
    assert.equal(settings.DEFAULT.bind_port, 20)
    assert.equal(settings.DEFAULT.backlog, 10)
  })

  it('take the last occurrence of an option, and every one of a multi-valued option', (t) => {
    const files = filesWith(t, {
      'a.conf': '[DEFAULT]\nbind_port = 1\nbind_port = 2\n[oslo_policy]\npolicy_dirs = /a\n',
      'b.conf': '[oslo_policy]\npolicy_dirs = /b\npolicy_dirs = /c\n',
    })
    const { settings } = loadSettings({
      sources: sourcesOf(['file', files.path('a.conf')], ['file', files.path('b.conf')]),
      env: {},
      place: ELSEWHERE,
    })
    assert.equal(settings.DEFAULT.bind_port, 2)
    assert.deepEqual(settings.oslo_policy.policy_dirs, ['/a', '/b', '/c'])
  })

  it('take section names in any case, and option names with dashes', (t) => {
    const { settings } = loadedFrom(t, '[Cors]\nmax-age = 7\n')
    assert.equal(settings.cors.max_age, 7)
  })

  it('read truth, numbers and lists as oslo does', (t) => {
    for (const [text, value] of [
      ['Yes', true],
      ['oN', true],
      ['1', true],
      ['False', false],
      ['no', false],
      ['0', false],
    ] as const) {
      assert.equal(loadedFrom(t, `[DEFAULT]\ndebug = ${text}\n`).settings.DEFAULT.debug, value)
    }
    assert.equal(loadedFrom(t, '[cors]\nmax_age = 1_000\n').settings.cors.max_age, 1000)
    assert.deepEqual(
      loadedFrom(t, '[cors]\nallowed_origin = a, b ,\n  c,\n').settings.cors.allowed_origin,
      ['a', 'b', 'c'],
    )
  })

  it('treat an option with nothing behind it as not given', (t) => {
    const { settings, originOf } = loadedFrom(
      t,
      '[DEFAULT]\nbind_port =\n[keystone_authtoken]\ncafile =\n',
    )
    assert.equal(settings.DEFAULT.bind_port, 9311)
    assert.equal(settings.keystone_authtoken.cafile, undefined)
    assert.equal(originOf('DEFAULT', 'bind_port').kind, 'default')
  })

  it('tell a blank host_href from a missing one', (t) => {
    const href = (content: string) =>
      loadedFrom(t, `[DEFAULT]\n${content}`).settings.DEFAULT.host_href
    assert.equal(href('host_href =\n'), '')
    assert.equal(href('bind_port = 80\n'), 'http://127.0.0.1:80')
    assert.equal(href('bind_host = ::1\n'), 'http://[::1]:9311')
    assert.equal(href('bind_host = 0.0.0.0\n'), '')
    assert.equal(href('bind_host = unix:/run/g.sock\n'), '')
    assert.equal(href('host_href = https://k/key-manager\n'), 'https://k/key-manager')
  })

  it('put the state where the service manager says, else into the clone, else into /var/lib', () => {
    const path = (place: Partial<typeof ELSEWHERE>) =>
      loadSettings({
        sources: sourcesOf(['file', '/dev/null']),
        env: {},
        place: { ...ELSEWHERE, stateDirectory: undefined, ...place },
      }).settings.DEFAULT.state_path
    assert.equal(path({ stateDirectory: '/var/lib/a:/var/lib/b', isClone: true }), '/var/lib/a')
    assert.equal(path({ isClone: true }), '/opt/gatehouse/state')
    assert.equal(path({}), '/var/lib/gatehouse')
  })

  it('keep our relative paths below state_path and those of operators beside their file', (t) => {
    const files = filesWith(t, {
      'etc/g.conf':
        '[DEFAULT]\nstate_path = /s\n[keyring]\nfile = k\n[oslo_policy]\npolicy_file = p.yaml\n' +
        '[keystone_authtoken]\ncafile = ca.pem\n[database]\nconnection = sqlite:///barbican.sqlite\n',
    })
    const { settings } = loadSettings({
      sources: sourcesOf(['file', files.path('etc/g.conf')]),
      env: {},
      place: ELSEWHERE,
    })
    assert.equal(settings.keyring.file, '/s/k')
    assert.equal(settings.oslo_policy.policy_file, files.path('etc/p.yaml'))
    assert.equal(settings.keystone_authtoken.cafile, files.path('etc/ca.pem'))
    assert.equal(settings.database.connection, 'sqlite:////s/barbican.sqlite')
    assert.equal(
      loadedFrom(t, '[database]\nconnection = sqlite:////a/b\n').settings.database.connection,
      'sqlite:////a/b',
    )
  })

  it('choose keystone when [keystone_authtoken] says where it is', (t) => {
    const user = 'username = u\npassword = p\nproject_name = service\n'
    const strategy = (content: string) =>
      loadedFrom(t, `[keystone_authtoken]\n${user}${content}`).settings.DEFAULT.auth_strategy
    assert.equal(strategy(''), 'token')
    assert.equal(strategy('auth_url = http://k:5000\n'), 'keystone')
    assert.equal(strategy('auth_uri = http://k:5000\n'), 'keystone')
    assert.equal(strategy('auth_url =\n'), 'token')
    const { settings } = loadedFrom(t, `[keystone_authtoken]\n${user}auth_uri = http://k:5000\n`)
    assert.equal(settings.keystone_authtoken.auth_url, 'http://k:5000')
    assert.equal(settings.keystone_authtoken.user_domain_id, 'default')
  })

  it('do not make up a domain where one is given', (t) => {
    const { keystone_authtoken: section } = loadedFrom(
      t,
      '[keystone_authtoken]\nuser_domain_name = Default\nproject_id = 7\n',
    ).settings
    assert.equal(section.user_domain_id, undefined)
    assert.equal(section.project_domain_id, undefined)
  })

  it('refuse a file that is not there, is a folder, or may not be read', (t) => {
    const files = filesWith(t, { 'd/a.conf': '' })
    const refusal = (kind: 'file' | 'folder', path: string): string => {
      try {
        loadSettings({ sources: sourcesOf([kind, path]), env: {}, place: ELSEWHERE })
        return 'loaded'
      } catch (error) {
        return error instanceof SettingsRefused ? error.message.replace(files.folder, '') : 'crash'
      }
    }
    assert.equal(refusal('file', files.path('none.conf')), '/none.conf: does not exist')
    assert.equal(refusal('folder', files.path('none')), '/none: does not exist')
    assert.equal(refusal('file', files.path('d')), '/d: is a folder: name it with --config-dir')
    assert.equal(
      refusal('folder', files.path('d/a.conf')),
      '/d/a.conf: is no folder: name a file with --config-file',
    )
    assert.equal(
      refusal('file', '/dev/zero'),
      '/dev/zero: has more than 1048576 bytes: it is no settings file',
    )
    chmodSync(files.path('d/a.conf'), 0)
    const expected = process.getuid?.() === 0 ? 'loaded' : '/d/a.conf: may not be read by this user'
    assert.equal(refusal('file', files.path('d/a.conf')), expected)
  })

  it('refuse bytes that are no settings, saying what they are', (t) => {
    assert.deepEqual(mistakesIn(t, Buffer.from('[DEFAULT]\0')), [
      'gatehouse.conf: holds NUL bytes: it is binary, or UTF-16; write it as UTF-8',
    ])
    assert.deepEqual(mistakesIn(t, Buffer.from('[DEFAULT]\ndebug = \xff\n', 'latin1')), [
      'gatehouse.conf: is not UTF-8 (line 2)',
    ])
    assert.deepEqual(mistakesIn(t, Buffer.alloc(1024 * 1024 + 1, '#')), [
      'gatehouse.conf: has more than 1048576 bytes: it is no settings file',
    ])
  })

  it('read a file with a byte order mark and CRLF', (t) => {
    assert.equal(
      loadedFrom(t, '\ufeff[DEFAULT]\r\nbind_port = 5\r\n').settings.DEFAULT.bind_port,
      5,
    )
  })

  it('answer hostile bytes with settings or a refusal, never a crash', (t) => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(
          fc.constantFrom(
            '[DEFAULT]',
            '[token]',
            'bind_port',
            'log_file',
            '=',
            ':',
            '$',
            '${',
            '}',
            '\n',
            ' ',
            '"',
            '$bind_port',
            '$log_file',
            '9',
            'é',
            '\u2028',
          ),
          { maxLength: 30 },
        )
        .map((parts) => Buffer.from(parts.join(''))),
    )
    fc.assert(
      fc.property(hostile, (bytes) => void mistakesIn(t, bytes)),
      { numRuns: 100 },
    )
  })
})

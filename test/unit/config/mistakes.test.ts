import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { describe, it } from 'node:test'
import { loadSettings } from '../../../src/config/loadSettings.ts'
import { ELSEWHERE, filesWith, loadedFrom, mistakesIn, sourcesOf } from './loadedFrom.ts'

describe('wrong settings', () => {
  it('are all named at once, each with file, line, what it is and what would be right', (t) => {
    const found = mistakesIn(
      t,
      '[DEFAULT]\nbind_port = abc\ndebug = maybe\nauth_strategy = ldap\nhost_href = ftp://x\nstate_path = here\n[cors]\nmax_age = -1\n',
    )
    assert.deepEqual(found, [
      'gatehouse.conf:2: [DEFAULT] bind_port is "abc"; it wants a whole number from 0 to 65535',
      'gatehouse.conf:3: [DEFAULT] debug is "maybe"; it wants true or false (also yes/no, on/off, 1/0)',
      'gatehouse.conf:4: [DEFAULT] auth_strategy is "ldap"; it wants one of keystone, token, noauth',
      'gatehouse.conf:5: [DEFAULT] host_href is "ftp://x"; it wants an address that begins with http:// or https://, or nothing',
      'gatehouse.conf:6: [DEFAULT] state_path is "here"; it wants an absolute path',
      'gatehouse.conf:8: [cors] max_age is "-1"; it wants a whole number, 0 or more',
    ])
  })

  it('never show a secret', (t) => {
    const [password = ''] = mistakesIn(t, '[keystone_authtoken]\npassword = hunter2$nobody\n')
    assert.match(password, /refers to \$nobody/)
    assert.ok(!password.includes('hunter2'))
  })

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['anonymous access', '[DEFAULT]\nallow_anonymous_access = True\n', /who is asking/],
    ['several workers on SQLite', '[DEFAULT]\nworkers = 2\n', /SQLite takes one writing process/],
    [
      'noauth on a public address',
      '[DEFAULT]\nauth_strategy = noauth\nbind_host = 0.0.0.0\n',
      /listen on 127\.0\.0\.1/,
    ],
    [
      'CORS where everybody is who he says he is',
      '[DEFAULT]\nauth_strategy = noauth\n[cors]\nallowed_origin = https://x\n',
      /any page of such an origin/,
    ],
    [
      'keystone without an address',
      '[DEFAULT]\nauth_strategy = keystone\n[keystone_authtoken]\nusername=u\npassword=p\nproject_name=s\n',
      /auth_url is missing/,
    ],
    [
      'keystone without a user',
      '[keystone_authtoken]\nauth_url = http://k\n',
      /needs username and password and project_name/,
    ],
    [
      'half an application credential',
      '[keystone_authtoken]\nauth_url = http://k\nauth_type = v3applicationcredential\napplication_credential_id = x\n',
      /application_credential_secret/,
    ],
    ['a certificate without its key', '[keystone_authtoken]\ncertfile = c\n', /belong together/],
    [
      'a JWKS in clear text',
      '[token]\njwks_url = http://i\nissuer = i\naudience = a\n',
      /https:\/\//,
    ],
    [
      'a JWKS without issuer and audience',
      '[token]\njwks_url = https://i\n',
      /needs issuer and audience/,
    ],
    ['a symmetric algorithm for JWTs', '[token]\nalgorithms = HS256\n', /ES256/],
    [
      'a passphrase without its file',
      '[keyring]\nprotection = passphrase\n',
      /passphrase_file is missing/,
    ],
    [
      'a credential without systemd',
      '[keyring]\nprotection = credential\n',
      /CREDENTIALS_DIRECTORY/,
    ],
    ['a credential that leads out of its folder', '[keyring]\ncredential = ../x\n', /no file name/],
    [
      'the admin listener on the port of the API',
      '[admin]\nbind_port = 9311\n',
      /separate listeners/,
    ],
    ['a TTL above the highest', '[token]\nmax_ttl = 10m\n', /more than max_ttl/],
    ['an option that means itself', '[DEFAULT]\nlog_file = $log_file\n', /no option or itself/],
    [
      'options that mean each other',
      '[DEFAULT]\nlog_file = $log_dir\nlog_dir = $log_file\n',
      /no option or itself/,
    ],
    ['a reference to nothing', '[DEFAULT]\nlog_dir = $nothing/x\n', /refers to \$nothing.*\$\$/],
  ]
  for (const [what, content, reason] of refused) {
    it(`include ${what}`, (t) => {
      const found = mistakesIn(t, content)
      assert.ok(
        found.some((mistake) => reason.test(mistake)),
        `found ${JSON.stringify(found)}`,
      )
    })
  }
})

describe('unknown options', () => {
  it('are refused where only Gatehouse has options, naming those there are', (t) => {
    assert.match(
      mistakesIn(t, '[admin]\ncolour = red\n')[0] ?? '',
      /:2: \[admin\] colour is unknown; \[admin\] has enabled, bind_host, bind_port/,
    )
  })

  it('are refused when one or two letters make one of ours of them', (t) => {
    assert.deepEqual(
      mistakesIn(
        t,
        '[DEFAULT]\nbind_prot = 1\nmax_limit_pagin = 2\n[keystone_authtoken]\nauht_url = x\n',
      ),
      [
        'gatehouse.conf:2: [DEFAULT] bind_prot is unknown; did you mean bind_port?',
        'gatehouse.conf:3: [DEFAULT] max_limit_pagin is unknown; did you mean max_limit_paging?',
        'gatehouse.conf:5: [keystone_authtoken] auht_url is unknown; did you mean auth_url?',
      ],
    )
  })

  it('are refused in a section whose name is misspelt', (t) => {
    assert.deepEqual(
      mistakesIn(t, '[default]\nbind_port = 1\n[keystone_authtokn]\nauth_url = http://k\n'),
      [
        'gatehouse.conf:2: [default] bind_port is unknown; did you mean [DEFAULT] bind_port?',
        'gatehouse.conf:4: [keystone_authtokn] auth_url is unknown; did you mean [keystone_authtoken] auth_url?',
      ],
    )
  })

  it('are refused in the environment as in a file', (t) => {
    assert.deepEqual(mistakesIn(t, '', { OS_DEFAULT__BIND_PROT: '1' }), [
      'environment OS_DEFAULT__BIND_PROT: [DEFAULT] bind_prot is unknown; did you mean bind_port?',
    ])
  })

  it('are other services’ business in the environment when the section is unknown here', (t) => {
    assert.deepEqual(
      mistakesIn(t, '', { OS_PLACEMENT__RANDOMIZE: 'x', OS_TOKEN: 'y', OS_AUTH_URL: 'z' }),
      [],
    )
  })

  it('are others’ where a deployment tool ships them misspelt', (t) => {
    // openstack-helm's values have it so.
    const { notices } = loadedFrom(t, '[oslo_messaging_rabbit]\nrabbit_quorum_queues = true\n')
    assert.deepEqual(notices, [
      'Options that do nothing here: [oslo_messaging_rabbit] rabbit_quorum_queues.',
    ])
  })

  it('are named in one warning when they are others’', (t) => {
    const { notices } = loadedFrom(
      t,
      '[DEFAULT]\nrpc_response_timeout = $x\n[queue]\nenable = True\nenable = False\n',
    )
    assert.deepEqual(notices, [
      'Options that do nothing here: [DEFAULT] rpc_response_timeout, [queue] enable.',
    ])
  })
})

describe('substitution', () => {
  it('takes names of the same section, of DEFAULT, and of any section', (t) => {
    const { settings } = loadedFrom(
      t,
      '[DEFAULT]\nmy_ip = 10.0.0.1\nhost_href = http://$my_ip:$' +
        '{bind_port}/$token.user_claim\n' +
        '[keystone_authtoken]\nusername = $project_name-$bind_host\nproject_name = p\npassword = a$$b\\$c$\n',
    )
    assert.equal(settings.DEFAULT.host_href, 'http://10.0.0.1:9311/sub')
    assert.equal(settings.keystone_authtoken.username, 'p-127.0.0.1')
    assert.equal(settings.keystone_authtoken.password, 'a$b$c$')
  })

  it('works in the environment too, and not twice', (t) => {
    const { settings } = loadedFrom(
      t,
      '[keystone_authtoken]\nusername = $$bind_port\npassword = $username\n',
      {
        OS_DEFAULT__LOG_DIR: '/var/log/$admin_role',
      },
    )
    assert.equal(settings.DEFAULT.log_dir, '/var/log/admin')
    assert.equal(settings.keystone_authtoken.password, '$bind_port')
  })
})

describe('a settings file with a password', () => {
  it('that everybody may read is a warning; one that is private is none', (t) => {
    const files = filesWith(t, {
      'open.conf': '[keystone_authtoken]\npassword = hunter2\n',
      'private.conf': '[keystone_authtoken]\npassword = hunter2\n',
    })
    chmodSync(files.path('open.conf'), 0o644)
    chmodSync(files.path('private.conf'), 0o640)
    const noticesOf = (name: string) =>
      loadSettings({
        sources: sourcesOf(['file', files.path(name)]),
        env: {},
        place: ELSEWHERE,
      }).notices
    assert.deepEqual(noticesOf('open.conf'), [
      `${files.path('open.conf')} holds [keystone_authtoken] password and every user of this machine may read it: chmod o-r it.`,
    ])
    assert.deepEqual(noticesOf('private.conf'), [])
  })
})

describe('old names', () => {
  it('still work, and the start says what they are called now', (t) => {
    const { settings, notices } = loadedFrom(t, '[DEFAULT]\nsql_connection = sqlite:////x\n')
    assert.equal(settings.database.connection, 'sqlite:////x')
    assert.equal(notices.length, 1)
    assert.match(
      notices[0] ?? '',
      /:2: \[DEFAULT\] sql_connection is now called \[database\] connection\.$/,
    )
  })

  it('lose to the present name in the same file', (t) => {
    const content =
      '[database]\nconnection = sqlite:////new\n[DEFAULT]\nsql_connection = sqlite:////old\n'
    assert.equal(loadedFrom(t, content).settings.database.connection, 'sqlite:////new')
  })
})

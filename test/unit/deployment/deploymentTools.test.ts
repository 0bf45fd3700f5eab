import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { logOptions } from '../../../src/cli/logOptions.ts'
import { runWsgiCommand } from '../../../src/cli/wsgiCommand.ts'
import type { ConfigSource } from '../../../src/config/configFiles.ts'
import type { Environment } from '../../../src/config/environment.ts'
import { type LoadedSettings, loadSettings } from '../../../src/config/loadSettings.ts'
import { DOCUMENTED_OPTIONS } from '../../../src/config/settingsTable.ts'
import { parseDatabaseUrl } from '../../../src/db/databaseLocation.ts'
import { ROOT } from '../../docs/documents.ts'
import { freshFolder, runCli } from '../../support/runCli.ts'
import { pkiNamed } from '../../support/testPki.ts'
import { ELSEWHERE } from '../config/loadedFrom.ts'
import { openstackAnsible, overridesIn, page, RENDERED } from './deploymentPages.ts'
import { servedOnce } from './servedOnce.ts'

/*
 * barbican.conf as each tool writes it (test/deployments: option names are theirs, values are made up), by itself and
 * with the overrides of its page on top.
 */

interface Expected {
  /** What has to be in force, `[section] option`. */
  readonly inForce: Readonly<Record<string, unknown>>
  /** Lines that `gatehouse config show` prints of it. */
  readonly shown: readonly string[]
}

const TOOLS: Readonly<Record<string, Expected>> = {
  'kolla-ansible': {
    inForce: {
      '[DEFAULT] auth_strategy': 'keystone',
      '[DEFAULT] state_path': '/var/lib/barbican/gatehouse',
      '[oslo_middleware] enable_proxy_headers_parsing': true,
      '[keystone_notifications] enable': true,
      '[keystone_notifications] topic': 'barbican_notifications',
      '[oslo_messaging_rabbit] ssl': true,
      '[gatehouse] log_format': 'oslo',
    },
    shown: [
      'bind_host = 192.0.2.11',
      'host_href = https://cloud.example.org:9311',
      'connection = mysql+pymysql://barbican:***@192.0.2.10:3306/barbican?ssl_ca=/etc/ssl/certs/ca-certificates.crt',
    ],
  },
  'openstack-ansible': {
    inForce: {
      '[DEFAULT] auth_strategy': 'keystone',
      '[DEFAULT] bind_host': '0.0.0.0',
      '[DEFAULT] host_href': '',
      '[keystone_authtoken] service_token_roles_required': true,
      '[database] pool_timeout': 30,
    },
    shown: ['host_href = ""', 'service_token_roles = service', 'use_stderr = false'],
  },
  puppet: {
    inForce: {
      '[DEFAULT] auth_strategy': 'keystone',
      '[DEFAULT] bind_host': '0.0.0.0',
      '[DEFAULT] use_json': false,
      '[healthcheck] disable_by_file_path': '/etc/barbican/healthcheck_disable',
      '[secretstore] stores_lookup_suffix': ['simple_crypto'],
      '[oslo_policy] policy_file': '/etc/barbican/policy.yaml',
    },
    shown: ['use_json = false', 'log_dir = /var/log/barbican', 'global_default = true'],
  },
  'openstack-helm': {
    inForce: {
      '[DEFAULT] auth_strategy': 'keystone',
      '[DEFAULT] state_path': '/var/lib/gatehouse/state',
      '[database] max_retries': -1,
      '[gatehouse] audit_log_file': '/dev/stdout',
    },
    shown: ['host_href = https://barbican.example.org', 'policy_file = /etc/barbican/policy.yaml'],
  },
  'barbican-operator': {
    inForce: {
      '[DEFAULT] auth_strategy': 'keystone',
      '[DEFAULT] bind_host': '0.0.0.0',
      '[DEFAULT] host_href': '',
      '[DEFAULT] log_file': '/var/log/barbican/barbican-api.log',
      '[keystone_notifications] enable': true,
      '[keystone_authtoken] auth_type': 'v3applicationcredential',
      '[oslo_policy] enforce_new_defaults': true,
    },
    shown: ['auth_type = v3applicationcredential', 'enforce_scope = true'],
  },
}

/** The settings folder of a tool, for its user alone, as tools leave it. */
function settingsOf(t: TestContext, tool: string): { folder: string; sources: ConfigSource[] } {
  const folder = join(freshFolder(t), 'barbican')
  cpSync(join(ROOT, 'test', 'deployments', tool, 'barbican'), folder, { recursive: true })
  const snippets = join(folder, 'barbican.conf.d')
  for (const file of filesIn(folder)) chmodSync(file, 0o600)
  const sources: ConfigSource[] = [{ kind: 'file', path: join(folder, 'barbican.conf') }]
  if (existsSync(snippets)) sources.push({ kind: 'folder', path: snippets })
  return { folder, sources }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function withOverrides(t: TestContext, tool: string) {
  const { folder, sources } = settingsOf(t, tool)
  const path = join(folder, 'overrides.conf')
  const rendered = RENDERED[tool]?.(overridesIn(tool))
  assert.ok(rendered, `how ${tool} renders its overrides is not known`)
  writeFileSync(path, rendered, { mode: 0o600 })
  return { path, sources: [...sources, { kind: 'file', path } as const] }
}

function loaded(sources: readonly ConfigSource[], env: Environment = {}): LoadedSettings {
  return loadSettings({ sources, env, place: { ...ELSEWHERE, stateDirectory: undefined } })
}

const NO_EFFECT = 'Options that do nothing here: '

function withoutEffect({ notices }: LoadedSettings): readonly string[] {
  const [told, ...more] = notices.filter((notice) => notice.startsWith(NO_EFFECT))
  assert.deepEqual(more, [], 'there is more than the one warning')
  return (told ?? NO_EFFECT).slice(NO_EFFECT.length, -1).split(', ').toSorted()
}

/** The list of the page, as `[section] option`. */
function listedIn(tool: string): readonly string[] {
  const block = /^## Without effect\n[\s\S]*?^```text\n([\s\S]*?)^```$/m.exec(page(tool))?.[1]
  assert.ok(block, `${tool}.md has no list of what has no effect`)
  const lines = block
    .replaceAll(/\n {4}/g, ' ')
    .trimEnd()
    .split('\n')
  return lines
    .flatMap((line) => {
      const [section = '', names = ''] = line.split(/(?<=\]) /, 2)
      return names.split(/, */).map((name) => `${section} ${name}`)
    })
    .toSorted()
}

function argumentsOf(sources: readonly ConfigSource[]): readonly string[] {
  return sources.flatMap(({ kind, path }) => [
    kind === 'file' ? '--config-file' : '--config-dir',
    path,
  ])
}

it('every tool has a page, and every page a tool', () => {
  const known = Object.keys(TOOLS).toSorted()
  assert.deepEqual(readdirSync(join(ROOT, 'test', 'deployments')).toSorted(), known)
  assert.deepEqual(Object.keys(RENDERED).toSorted(), known)
  for (const tool of known) assert.ok(page('README').includes(`(${tool}.md)`), tool)
})

for (const [tool, { inForce, shown }] of Object.entries(TOOLS)) {
  describe(`the barbican.conf of ${tool}`, () => {
    it('loads as it stands, and config show says what is in force', async (t) => {
      const { sources } = settingsOf(t, tool)
      const run = runCli({ args: ['config', 'show', ...argumentsOf(sources)] })
      assert.equal(await run.code, 0, run.err())
      const lines = run.out().split('\n')
      for (const line of shown) assert.ok(lines.includes(line), line)
      assert.ok(!run.out().includes('made-up'), 'a password is shown')
    })

    it('has without effect what its page lists, named in one warning', (t) => {
      assert.deepEqual(withoutEffect(loaded(settingsOf(t, tool).sources)), listedIn(tool))
    })

    it('takes the overrides of its page, every one of them an option that there is', (t) => {
      const { path, sources } = withOverrides(t, tool)
      const settings = loaded(sources)
      assert.deepEqual(withoutEffect(settings), listedIn(tool))
      const given = settings.options.filter(({ section, name }) => {
        const origin = settings.originOf(section, name)
        return origin.kind === 'given' && origin.where.startsWith(`${path}:`)
      })
      assert.ok(given.length > 0, 'no override is in force')
      for (const [label, expected] of Object.entries(inForce)) {
        const [, section = '', option = ''] = /^\[(.*)\] (.*)$/.exec(label) ?? []
        assert.deepEqual(settings.optionValue(section, option), expected, label)
      }
    })

    it('names a database that can be reached from here, with its overrides', (t) => {
      const { settings } = loaded(withOverrides(t, tool).sources)
      const location = parseDatabaseUrl(settings.database.connection)
      assert.equal(location.kind, 'mysql')
    })

    it('starts a server that is healthy, with its overrides', async (t) => {
      const { sources } = withOverrides(t, tool)
      const folder = freshFolder(t)
      const policy = join(folder, 'policy.yaml')
      writeFileSync(policy, '{}\n')
      mkdirSync(join(folder, 'policy.d'))
      // What this machine has not: the folders of the tool, its database, its certificates, its address.
      await servedOnce(
        t,
        {
          OS_DEFAULT__STATE_PATH: join(folder, 'state'),
          OS_DEFAULT__BIND_HOST: '127.0.0.1',
          OS_DATABASE__CONNECTION: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
          OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9',
          OS_OSLO_MESSAGING_NOTIFICATIONS__TRANSPORT_URL: 'rabbit://127.0.0.1:9//',
          OS_OSLO_MESSAGING_RABBIT__SSL: 'false',
          OS_KEYSTONE_AUTHTOKEN__CAFILE: '',
          OS_OSLO_POLICY__POLICY_FILE: policy,
          OS_OSLO_POLICY__POLICY_DIRS: join(folder, 'policy.d'),
          OS_GATEHOUSE__AUDIT_LOG_FILE: join(folder, 'audit.log'),
        },
        argumentsOf(sources),
      )
    })
  })
}

describe('the pages about deployment', () => {
  const names = readdirSync(join(ROOT, 'docs', 'deployment')).map((name) => name.slice(0, -3))

  it('name no option that nobody has', () => {
    const known = new Set(DOCUMENTED_OPTIONS.map(({ section, name }) => `[${section}] ${name}`))
    for (const tool of Object.keys(TOOLS)) for (const label of listedIn(tool)) known.add(label)
    for (const name of names) {
      for (const [, label = ''] of page(name).matchAll(/`(\[[\w:]+\] \w+)/g)) {
        assert.ok(known.has(label), `${name}.md: ${label}`)
      }
    }
  })

  it('set by environment variables only options that there are', () => {
    const known = new Set(
      DOCUMENTED_OPTIONS.map(({ section, name }) => `OS_${section}__${name}`.toUpperCase()),
    )
    const named = names.flatMap((name) => page(name).match(/\bOS_\w+__\w+/g) ?? [])
    assert.ok(named.length > 0)
    for (const variable of named) assert.ok(known.has(variable), variable)
  })

  it('lead only to pages and files that there are', () => {
    for (const name of names) {
      for (const [, path = ''] of page(name).matchAll(/\]\(([^)#:]+)\)/g)) {
        assert.ok(existsSync(join(ROOT, 'docs', 'deployment', path)), `${name}.md: ${path}`)
      }
    }
  })

  it('say why the operator has to name its database once more', (t) => {
    const { settings } = loaded(settingsOf(t, 'barbican-operator').sources)
    const { connection } = settings.database
    const at = (file: string) => connection.replace('/etc/my.cnf', file)
    const there = parseDatabaseUrl(
      at(join(ROOT, 'test', 'deployments', 'barbican-operator', 'my.cnf')),
    )
    assert.ok(there.kind === 'mysql')
    assert.equal(there.tls?.caFile, '/etc/pki/tls/certs/ca-bundle.crt')
    assert.throws(() => parseDatabaseUrl(at('/nowhere/my.cnf')), /read_default_file/)
    assert.match(page('barbican-operator'), /without `read_default_file`/)
  })

  it("leave the TLS of the operator's pods on, with a certificate for each of its names", async (t) => {
    const pki = await pkiNamed('operator')
    const folder = freshFolder(t)
    for (const name of ['internal', 'public']) {
      const { certificate, key } = await pki.issue({ commonName: name })
      mkdirSync(join(folder, 'certs'), { recursive: true })
      mkdirSync(join(folder, 'private'), { recursive: true })
      writeFileSync(join(folder, 'certs', `${name}.crt`), certificate)
      writeFileSync(join(folder, 'private', `${name}.key`), key, { mode: 0o600 })
    }
    const rendered = RENDERED['barbican-operator']?.(overridesIn('barbican-operator', 'tls')) ?? ''
    const path = join(folder, 'tls.conf')
    writeFileSync(path, rendered.replaceAll('/etc/pki/tls/', `${folder}/`), { mode: 0o600 })
    const { settings } = loaded([{ kind: 'file', path }])
    assert.deepEqual(
      settings.certificates.map(({ name, serverNames }) => [name, serverNames]),
      [
        ['default', []],
        ['public', ['barbican-public.openstack.svc']],
      ],
    )
    await servedOnce(
      t,
      {
        OS_DEFAULT__STATE_PATH: join(folder, 'state'),
        OS_DATABASE__CONNECTION: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
      },
      ['--config-file', path],
      pki.caPem,
    )
  })

  it("leave the TLS of kolla-ansible's backend on, with the certificate of its uWSGI file", async (t) => {
    const pki = await pkiNamed('kolla')
    const folder = freshFolder(t)
    const { certificate, key } = await pki.issue()
    writeFileSync(join(folder, 'barbican-cert.pem'), certificate)
    writeFileSync(join(folder, 'barbican-key.pem'), key, { mode: 0o600 })
    const written = join(ROOT, 'test', 'deployments', 'kolla-ansible', 'barbican-api-uwsgi.ini')
    const path = join(folder, 'barbican-api-uwsgi.ini')
    const text = readFileSync(written, 'utf8').replaceAll('/etc/barbican/certs', folder)
    writeFileSync(path, text)
    assert.doesNotMatch(page('kolla-ansible'), /tls_backend: "no"/)
    await servedOnce(
      t,
      {
        // The address is of a machine of the tool's; the certificate is what counts here.
        OS_DEFAULT__BIND_HOST: '127.0.0.1',
        OS_DEFAULT__STATE_PATH: join(folder, 'state'),
        OS_DATABASE__CONNECTION: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
      },
      [path],
      pki.caPem,
      runWsgiCommand,
    )
  })

  it('say of an HSM and of vaults in several stores what a start does', async (t) => {
    const hsm = '[p11_crypto_plugin]\nlibrary_path = /lib/hsm.so\nlogin = 1234\nmkek_label = kek\n'
    const withMore = (tool: string, more: string) => {
      const { folder, sources } = settingsOf(t, tool)
      const path = join(folder, 'more.conf')
      writeFileSync(path, more, { mode: 0o600 })
      return [...sources, { kind: 'file', path } as const]
    }
    const both = '[secretstore]\nstores_lookup_suffix = simple_crypto,pkcs11\n'
    const ofPuppet = loaded(
      withMore(
        'puppet',
        `${both}[secretstore:pkcs11]\nsecret_store_plugin = store_crypto\ncrypto_plugin = p11_crypto\n${hsm}`,
      ),
    )
    assert.deepEqual(
      ofPuppet.settings.secretStores.map(({ kekStoreName }) => kekStoreName),
      ['keyring', 'pkcs11'],
    )
    const ofOperator = loaded(
      withMore(
        'barbican-operator',
        `[secretstore]\nenable_multiple_secret_stores = false\nkek_store = pkcs11\n${hsm}`,
      ),
    )
    assert.equal(ofOperator.settings.secretstore.kek_store, 'pkcs11')
    for (const [suffix, plugin] of [
      ['dogtag', 'dogtag_crypto'],
      ['kmip', 'kmip_plugin'],
      ['vault', 'vault_plugin'],
    ]) {
      const sources = withMore(
        'puppet',
        `[secretstore]\nstores_lookup_suffix = ${suffix}\n[secretstore:${suffix}]\nsecret_store_plugin = ${plugin}\nglobal_default = true\n`,
      )
      const run = runCli({ args: ['serve', ...argumentsOf(sources)] })
      assert.equal(await run.code, 3)
      assert.match(run.err(), /keeps payloads elsewhere/)
    }
  })

  it("leave the TLS of openstack-ansible's backend as its switch says, with the certificate of its role", async (t) => {
    const pki = await pkiNamed('openstack-ansible')
    const { sources } = settingsOf(t, 'openstack-ansible')
    const folder = freshFolder(t)
    const { certificate, key } = await pki.issue()
    writeFileSync(join(folder, 'barbican.pem'), certificate)
    writeFileSync(join(folder, 'barbican.key'), key, { mode: 0o600 })
    const block = overridesIn('openstack-ansible')
    assert.doesNotMatch(block, /backend_ssl:/, 'the page turns the switch')
    const path = join(folder, 'overrides.conf')
    const written = (isBackendTls: boolean) => {
      const rendered = openstackAnsible(block, isBackendTls)
      writeFileSync(path, rendered.replaceAll('/etc/barbican/', `${folder}/`), { mode: 0o600 })
      return [...sources, { kind: 'file', path } as const]
    }
    assert.deepEqual(loaded(written(false)).settings.certificates, [])
    const withTls = written(true)
    const run = runCli({ args: ['config', 'show', ...argumentsOf(withTls)] })
    assert.equal(await run.code, 0, run.err())
    assert.match(run.out(), /^cert_file = .*\/barbican\.pem$/m)
    assert.match(run.out(), /^key_file = .*\/barbican\.key$/m)
    await servedOnce(
      t,
      {
        OS_DEFAULT__STATE_PATH: join(folder, 'state'),
        OS_DEFAULT__BIND_HOST: '127.0.0.1',
        OS_DATABASE__CONNECTION: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
        OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9',
        OS_OSLO_POLICY__POLICY_FILE: '',
        OS_OSLO_POLICY__POLICY_DIRS: '',
      },
      argumentsOf(withTls),
      pki.caPem,
    )
  })

  it('have kolla-ansible log where its fluentd looks, in the form it takes apart', (t) => {
    const { settings } = loaded(withOverrides(t, 'kolla-ansible').sources)
    const { path, format } = logOptions(settings, false)
    assert.equal(path, '/var/log/kolla/barbican/barbican-api.log')
    assert.equal(format, 'oslo')
  })
})

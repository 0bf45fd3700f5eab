import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadSettings } from '../../../src/config/loadSettings.ts'
import { parseDatabaseUrl } from '../../../src/db/databaseLocation.ts'
import { ROOT } from '../../docs/documents.ts'
import { freshFolder } from '../../support/runCli.ts'
import { ELSEWHERE, filesWith } from '../config/loadedFrom.ts'
import { MANIFEST_FILES, type Manifest, MODULES, manifestsIn, podOf } from './manifests.ts'
import { servedOnce } from './servedOnce.ts'

const TYPES = join(ROOT, 'node_modules', 'kubernetes-types')

/** What tsc says when each manifest is written down as a value of Kubernetes' own type; nothing when all fit. */
function complaints(t: { after(work: () => void): unknown }, manifests: readonly Manifest[]) {
  const lines = manifests.map(
    (manifest, index) =>
      `export const m${index}: import('${TYPES}/${MODULES[manifest.kind]}').${manifest.kind} = ${JSON.stringify(manifest)}`,
  )
  const path = join(freshFolder(t), 'manifests.ts')
  writeFileSync(path, lines.join('\n'))
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [
    tsc,
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--ignoreConfig',
    '--types',
    '',
    path,
  ]
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).stdout
}

describe('the manifests for Kubernetes', () => {
  let manifests: readonly Manifest[]
  before(() => {
    manifests = MANIFEST_FILES.flatMap(manifestsIn)
  })
  const of = (kind: Manifest['kind']) => manifests.filter((manifest) => manifest.kind === kind)
  const pods = () => [...of('Deployment'), ...of('Job')].map(podOf)

  it('are what Kubernetes knows, property by property', (t) => {
    assert.equal(complaints(t, manifests), '')
  })

  it('would be found out with a property misspelt, missing or of another type', (t) => {
    const [service] = of('Service')
    assert.ok(service)
    const wrong = [
      { ports: [{ port: 9311, targetPrt: 'api' }] },
      { ports: [{ name: 'api' }] },
      { ports: [{ port: '9311' }] },
    ]
    const told = complaints(
      t,
      wrong.map((spec) => ({ ...service, spec })),
    )
    for (const [index] of wrong.entries()) {
      assert.match(told, new RegExp(`\\(${index + 1},\\d+\\): error TS`))
    }
  })

  it('are listed in the kustomization, save the upgrade, which is for another time', () => {
    const text = readFileSync(join(ROOT, 'deploy', 'kubernetes', 'kustomization.yaml'), 'utf8')
    const { resources } = z.looseObject({ resources: z.array(z.string()) }).parse(parse(text))
    assert.deepEqual([...resources, 'upgrade.yaml'].toSorted(), MANIFEST_FILES.toSorted())
  })

  it('run as nobody in particular, on a root they cannot write, as the restricted profile asks', () => {
    assert.equal(pods().length, 2)
    for (const { automountServiceAccountToken, securityContext, ...pod } of pods()) {
      assert.equal(automountServiceAccountToken, false)
      assert.equal(securityContext.runAsNonRoot, true)
      assert.equal(securityContext.runAsUser, 42424)
      assert.equal(securityContext.seccompProfile.type, 'RuntimeDefault')
      for (const container of [...pod.initContainers, ...pod.containers]) {
        assert.equal(container.securityContext.allowPrivilegeEscalation, false, container.name)
        assert.equal(container.securityContext.readOnlyRootFilesystem, true, container.name)
        assert.deepEqual(container.securityContext.capabilities.drop, ['ALL'], container.name)
        assert.ok(!['sh', 'bash', '/bin/sh', '/bin/bash'].includes(container.command?.[0] ?? ''))
      }
      // What the profile forbids besides.
      for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) assert.ok(!(name in pod), name)
      for (const volume of pod.volumes) assert.ok(!('hostPath' in volume), volume.name)
    }
  })

  it('mount only volumes that there are, and from Secrets and ConfigMaps that there are', () => {
    const made = new Set(
      [...of('Secret'), ...of('ConfigMap')].map(
        (one) =>
          z.looseObject({ metadata: z.looseObject({ name: z.string() }) }).parse(one).metadata.name,
      ),
    )
    for (const pod of pods()) {
      const names = new Set(pod.volumes.map(({ name }) => name))
      for (const { volumeMounts } of [...pod.initContainers, ...pod.containers]) {
        for (const { name } of volumeMounts) assert.ok(names.has(name), name)
      }
      const used = JSON.stringify(pod.volumes).matchAll(
        /"(?:secretName|name)":"(gatehouse-[\w-]+)"/g,
      )
      for (const [, name = ''] of used) assert.ok(made.has(name), name)
    }
  })

  it('hand the same pods to Service, policy and budget', () => {
    const labels = {
      'app.kubernetes.io/name': 'gatehouse',
      'app.kubernetes.io/component': 'api',
    }
    const selectors = JSON.stringify([
      ...of('Service'),
      ...of('NetworkPolicy'),
      ...of('PodDisruptionBudget'),
      ...of('Deployment'),
    ])
    // Service, policy, budget; in the Deployment its own labels, its selector, those of its pods and of their spread.
    assert.equal(selectors.split(JSON.stringify(labels)).length - 1, 3 + 4)
  })

  it('probe the process and what it needs on the admin port: a sealed one is not started again', () => {
    const text = JSON.stringify(of('Deployment'))
    assert.match(text, /"livenessProbe":\{"httpGet":\{"path":"\/livez","port":"admin"\}/)
    assert.match(text, /"readinessProbe":\{"httpGet":\{"path":"\/readyz","port":"admin"\}/)
    const [pod] = pods()
    assert.deepEqual(pod?.containers[0]?.ports, [
      { name: 'api', containerPort: 9311 },
      { name: 'admin', containerPort: 9312 },
    ])
  })

  it('hold settings that Gatehouse knows, in two files that go together', (t) => {
    const { settings, notices } = loadSettings({
      sources: [{ kind: 'folder', path: settingsFolder(t, manifests) }],
      env: {},
      place: ELSEWHERE,
    })
    assert.deepEqual(notices, [])
    assert.equal(settings.DEFAULT.bind_host, '0.0.0.0')
    assert.equal(settings.admin.bind_host, '0.0.0.0')
    assert.equal(settings.keystone_authtoken.password, 'REPLACE')
    assert.equal(parseDatabaseUrl(settings.database.connection).kind, 'mysql')
  })

  it('start from a keyring made beforehand, which the init container copies to where it belongs', async (t) => {
    const folder = freshFolder(t)
    const secret = join(folder, 'mnt')
    const state = join(folder, 'gatehouse')
    for (const path of [secret, state]) mkdirSync(path)
    writeFileSync(join(secret, 'passphrase'), 'correct horse battery staple\n', { mode: 0o600 })
    // As docs/deployment/README.md says: on its own SQLite, of which nothing but the keyring is kept.
    await servedOnce(t, {
      OS_DEFAULT__STATE_PATH: join(folder, 'made'),
      OS_KEYRING__PROTECTION: 'passphrase',
      OS_KEYRING__PASSPHRASE_FILE: join(secret, 'passphrase'),
    })
    writeFileSync(join(secret, 'keyring'), readFileSync(join(folder, 'made', 'keyring')), {
      mode: 0o440,
    })
    const init = podOf(of('Deployment')[0] ?? assert.fail()).initContainers[0]
    const [command = '', ...args] = (init?.command ?? []).map((word) =>
      word.replace('/mnt/keyring', secret).replace('/var/lib/gatehouse', state),
    )
    execFileSync(command, args)
    assert.equal(statSync(join(state, 'keyring')).mode & 0o777, 0o600)
    const settings = settingsFolder(t, manifests, (text) =>
      text.replaceAll('/var/lib/gatehouse', state),
    )
    await servedOnce(
      t,
      {
        OS_DEFAULT__BIND_HOST: '127.0.0.1',
        OS_ADMIN__BIND_HOST: '127.0.0.1',
        OS_DATABASE__CONNECTION: `sqlite:///${join(folder, 'another.sqlite')}`,
        OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9',
        OS_GATEHOUSE__AUDIT_LOG_FILE: join(folder, 'audit.log'),
      },
      ['--config-dir', settings],
    )
  })
})

/** /etc/gatehouse of a pod, as one folder. */
function settingsFolder(
  t: { after(work: () => void): unknown },
  manifests: readonly Manifest[],
  changed: (text: string) => string = String,
): string {
  const held = z.looseObject({
    data: z.record(z.string(), z.string()).optional(),
    stringData: z.record(z.string(), z.string()).optional(),
  })
  const texts = manifests.flatMap((manifest) => {
    if (manifest.kind !== 'ConfigMap' && manifest.kind !== 'Secret') return []
    const { data = {}, stringData = {} } = held.parse(manifest)
    return Object.entries(manifest.kind === 'ConfigMap' ? data : stringData)
  })
  const files = Object.fromEntries(texts.map(([name, text]) => [name, changed(text)]))
  assert.deepEqual(Object.keys(files).toSorted(), ['gatehouse.conf', 'secrets.conf'])
  const { folder, path } = filesWith(t, files)
  for (const name of Object.keys(files)) chmodSync(path(name), 0o600)
  return folder
}

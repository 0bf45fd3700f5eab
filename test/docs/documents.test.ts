import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { composeDeletionWatch } from '../../src/compose/deletionWatch.ts'
import { composeJobWatch } from '../../src/compose/jobWatch.ts'
import { sslNameSection } from '../../src/config/sections/ssl.ts'
import { SETTINGS_TABLE } from '../../src/config/settingsTable.ts'
import { Metrics } from '../../src/ops/metrics.ts'
import { PressureWatch } from '../../src/ops/pressureWatch.ts'
import { StoredCertificateMetrics } from '../../src/ops/storedCertificateMetrics.ts'
import { TransportMetrics } from '../../src/ops/transportMetrics.ts'
import { generatedDocuments, ROOT } from './documents.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

for (const [path, content] of generatedDocuments()) {
  test(`${path} says what the code says (npm run docs writes it)`, () => {
    assert.equal(read(path), content)
  })
}

test('every exit code stands in docs/operations.md with its meaning', () => {
  const page = read('docs/operations.md')
  for (const { code, meaning } of Object.values(EXIT_CODES)) {
    assert.ok(page.includes(`| ${code} | ${meaning} |`), `exit code ${code}`)
  }
})

test('every metric of ours stands in docs/operations.md, and no other', async () => {
  const page = read('docs/operations.md')
  const metrics = new Metrics()
  const silent = () => undefined
  const log = { debug: silent, info: silent, warn: silent, error: silent, fatal: silent }
  composeDeletionWatch({ log, metrics, audit: undefined }).watchListener(() => true)
  new PressureWatch({ metrics, log, audit: undefined, monotonicMs: () => 0 })
  composeJobWatch({ log, metrics, audit: undefined, monotonicMs: () => 0 })
  const transport = new TransportMetrics(metrics.registry)
  new StoredCertificateMetrics(metrics.registry).counted(undefined)
  transport.watchExpiry(() => [])
  transport.watchClearTextClients(() => 0)
  const text = await metrics.text()
  const served = [...text.matchAll(/^# TYPE (gatehouse_\w+)/gm)].map((match) => match[1])
  const written = [...page.matchAll(/^\| `(gatehouse_\w+)`/gm)].map((match) => match[1])
  // Registered by compose, for they read something that is not there without a server.
  const sizes = [
    'gatehouse_database_bytes',
    'gatehouse_database_log_bytes',
    'gatehouse_database_connections',
    'gatehouse_database_connections_busy',
    'gatehouse_database_connections_awaited',
    'gatehouse_token_cache_lookups_total',
    'gatehouse_shared_token_cache_total',
    'gatehouse_housekeeping_holder',
    'gatehouse_sealed',
    'gatehouse_workers',
    'gatehouse_worker_restarts',
  ]
  assert.deepEqual([...new Set(written)].toSorted(), [...new Set([...served, ...sizes])].toSorted())
})

test('every file and folder that the documentation names is there', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...globSync('docs/**/*.md', { cwd: ROOT }),
  ]
  const missing = pages.flatMap((page) => {
    const named = read(page).matchAll(
      /`((?:docs|src|test|deploy|bench|migrations|api-ref|bin)\/[\w./-]*)`/g,
    )
    return [...named]
      .map((match) => match[1] ?? '')
      .filter((path) => globSync(path.replace(/\/$/, ''), { cwd: ROOT }).length === 0)
      .map((path) => `${page}: ${path}`)
  })
  assert.deepEqual(missing, [])
})

test('every test that a page names beside a promise is there, under that very name', () => {
  for (const page of ['docs/security-model.md', 'docs/tls-outbound.md']) {
    const named = [...read(page).matchAll(/`(test\/[\w./-]+\.ts)` "([^"]+)"/g)]
    assert.ok(named.length > 10, page)
    const missing = named.filter(([, file = '', name = '']) => {
      const text = read(file)
      return !["'", '"'].some(
        (quote) =>
          text.includes(`(${quote}${name}${quote}`) ||
          text.includes(`\n    ${quote}${name}${quote}`),
      )
    })
    assert.deepEqual(
      missing.map(([text]) => text),
      [],
      page,
    )
  }
})

test('every option that the pages about transport and KEK stores tell operators to set exists', () => {
  const sections: Readonly<Record<string, object>> = { ...SETTINGS_TABLE, 'ssl:': sslNameSection }
  const unknown: string[] = []
  for (const page of [
    'docs/tls.md',
    'docs/haproxy.md',
    'docs/tls-outbound.md',
    'docs/under-attack.md',
    'docs/kek-stores/keyring.md',
    'docs/kek-stores/simple-crypto.md',
  ]) {
    const blocks = [...read(page).matchAll(/^```ini\n(.*?)^```$/gms)]
    assert.ok(blocks.length > 0, page)
    for (const [, block = ''] of blocks) {
      let section = ''
      for (const line of block.split('\n').filter((one) => !/^(#|$)/.test(one))) {
        const named = /^\[(\w+:?).*\]$/.exec(line)?.[1]
        if (named !== undefined) section = named
        else if (!Object.hasOwn(sections[section] ?? {}, line.split(' = ')[0] ?? '')) {
          unknown.push(`${page}: [${section}] ${line}`)
        }
      }
    }
  }
  assert.deepEqual(unknown, [])
})

test('every npm script that the documentation names exists', () => {
  const scripts: unknown = JSON.parse(read('package.json')).scripts
  const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: ROOT })]
  for (const page of pages) {
    for (const [, name] of read(page).matchAll(/npm run ([\w:]+)/g)) {
      assert.ok(Object.hasOwn(scripts as object, name ?? ''), `${page}: npm run ${name}`)
    }
  }
})

test('no document names a machine path or a package registry', () => {
  const tracked = [
    'README.md',
    'CHANGELOG.md',
    ...globSync('{docs,api-ref,src,test,bench,deploy}/**/*.{md,ts,json,py,sh}', { cwd: ROOT }),
  ]
  const offenders = tracked.filter((path) =>
    /\/work\/main|registry\.npmjs|deb\.debian\.org/.test(
      read(path).replaceAll(/\/work\\\/main\|registry\\\.npmjs\|deb\\\.debian\\\.org/g, ''),
    ),
  )
  assert.deepEqual(offenders, [])
})

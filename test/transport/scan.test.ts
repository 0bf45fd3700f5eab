import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Scan, SETUPS, scanned, scanners } from './scan.ts'
import { EXPECTED, scanReport, withoutScanners } from './scanReport.ts'

const FORWARD_SECRET = /^(TLS_|ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)$)/
const FINE = ['OK', 'INFO']

describe('what scanners find', () => {
  const scans: Scan[] = []
  const closing: (() => unknown)[] = []
  before(async () => {
    const t = { after: (work: () => unknown) => void closing.push(work) }
    for (const setup of SETUPS) scans.push(await scanned(t, setup))
  })
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })

  test('no protocol below TLS 1.2 is spoken, and no suite without forward secrecy', () => {
    assert.equal(scans.length, SETUPS.length)
    for (const { title, protocols, suites } of scans) {
      assert.deepEqual(protocols, title.includes('tlsv1_3') ? ['TLSv1.3'] : ['TLSv1.2', 'TLSv1.3'])
      assert.ok(suites.length >= 3, title)
      assert.deepEqual(
        suites.filter(({ suite }) => !FORWARD_SECRET.test(suite)),
        [],
        title,
      )
    }
  })

  test('profile strict leaves one suite of TLS 1.2', () => {
    const strict = scans.find(({ title }) => title.includes('strict'))
    const suites = strict?.suites.filter(({ protocol }) => protocol === 'TLSv1.2')
    assert.deepEqual(
      suites?.map(({ suite }) => suite),
      ['ECDHE-ECDSA-AES256-GCM-SHA384'],
    )
  })

  test('testssl.sh knows of no weakness and no vulnerability', () => {
    const all = scans.flatMap(({ findings }) => findings)
    const looked = new Set(all.map(({ id }) => id))
    for (const id of ['heartbleed', 'CCS', 'ROBOT', 'SWEET32', 'LUCKY13', 'DROWN', 'RC4', 'PFS']) {
      assert.ok(looked.has(id), `${id} was not looked for`)
    }
    const weak = all.filter(({ id, severity }) => !FINE.includes(severity) && !(id in EXPECTED))
    assert.deepEqual(weak, [])
  })

  test('docs/tls-scan.md says just that (npm run scan:tls writes it)', async () => {
    const written = readFileSync(join(import.meta.dirname, '../../docs/tls-scan.md'), 'utf8')
    const found = scanReport(scans, await scanners())
    assert.equal(withoutScanners(written), withoutScanners(found))
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES, type ExitReason } from '../../src/cli/exitCodes.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const FOLDER = join(ROOT, 'deploy', 'systemd')
const SERVICES = readdirSync(FOLDER).filter((name) => name.endsWith('.service'))

/** 0 is locked away, 10 is unprotected; what `systemd-analyze security` calls OK ends at 2. */
const MOST_EXPOSURE = 1.4

/** What a restart does not mend. */
const NOT_AGAIN: readonly ExitReason[] = [
  'usage',
  'settings',
  'keys',
  'newerSchema',
  'pendingSchema',
  'state',
  'oldNode',
]

/** A unit that starts what lies here: whether its program is there is part of what is verified. */
function unitHere(
  t: TestContext,
  name: string,
  changed: (unit: string) => string = String,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-unit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  const unit = readFileSync(join(FOLDER, name), 'utf8')
  writeFileSync(path, changed(unit.replaceAll('/opt/gatehouse/', `${ROOT}/`)))
  return path
}

function analyze(...args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
  })
  if (error !== undefined) throw error
  return { status, said: `${stdout}${stderr}` }
}

function exposure(path: string) {
  const most = String(MOST_EXPOSURE * 10)
  return analyze('security', '--offline=true', `--threshold=${most}`, path)
}

describe('the systemd unit', () => {
  it('is there', () => assert.ok(SERVICES.includes('gatehouse.service')))

  for (const name of SERVICES) {
    it(`${name} has nothing that systemd does not know`, (t) => {
      assert.deepEqual(analyze('verify', unitHere(t, name)), { status: 0, said: '' })
    })

    it(`${name} would be found out with a directive misspelt, or a program that is not there`, (t) => {
      for (const [from, to] of [
        ['NoNewPrivileges=', 'NoNewPriviledges='],
        ['bin/gatehouse.js', 'bin/gatehose.js'],
      ] as const) {
        const { said } = analyze(
          'verify',
          unitHere(t, name, (unit) => unit.replace(from, to)),
        )
        assert.notEqual(said, '', to)
      }
    })

    it(`${name} is exposed no more than ${MOST_EXPOSURE}`, (t) => {
      const { status, said } = exposure(unitHere(t, name))
      assert.equal(status, 0, said)
      assert.match(said, /Overall exposure level for \S+: \d/)
    })

    it(`${name} would be found out with less protection`, (t) => {
      const unit = unitHere(t, name, (text) => text.replace(/^ProtectSystem=.*$/m, ''))
      assert.notEqual(exposure(unit).status, 0)
    })

    it(`${name} is not started again for what a restart does not mend`, (t) => {
      const unit = readFileSync(unitHere(t, name), 'utf8')
      const [, codes = ''] = /^RestartPreventExitStatus=(.*)$/m.exec(unit) ?? []
      const expected = NOT_AGAIN.map((reason) => EXIT_CODES[reason].code)
      assert.deepEqual(codes.split(' ').map(Number), expected)
    })
  }
})

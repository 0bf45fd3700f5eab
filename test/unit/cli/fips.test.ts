import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { freshEnvironment, freshFolder } from '../../support/runCli.ts'

const SCRIPT = resolve(import.meta.dirname, '../../../bin/gatehouse.js')

/*
 * A FIPS provider asked for and not there. The random generator is let off, for without it Node itself
 * ends before a line of ours (docs/fips.md): then every other call throws.
 */
const WITHOUT_PROVIDER = `nodejs_conf = init_section
[init_section]
providers = provider_section
alg_section = algorithm_section
random = random_section
[provider_section]
default = default_section
[default_section]
activate = 1
[random_section]
properties = -fips
[algorithm_section]
default_properties = fips=yes
`

function run(args: readonly string[], env: object) {
  return new Promise<{ code: unknown; out: string; err: string }>((end) => {
    const options = { env: { PATH: process.env['PATH'], ...env } }
    execFile(process.execPath, args, options, (error, out, err) =>
      end({ code: error === null ? 0 : error.code, out, err }),
    )
  })
}

describe('a FIPS provider that is switched on and not there', () => {
  it('refuses the start in one sentence with a code of its own, and touches no database', async (t) => {
    const conf = join(freshFolder(t), 'openssl.cnf')
    writeFileSync(conf, WITHOUT_PROVIDER)
    const env = { ...freshEnvironment(t), OPENSSL_CONF: conf }
    const { code, out, err } = await run([SCRIPT, 'serve'], env)
    assert.equal(code, EXIT_CODES.primitives.code, err)
    assert.equal(out, '')
    assert.match(err, /^gatehouse: AES-256-GCM does not work .*docs\/fips\.md[^\n]*\n$/)
    assert.ok(!existsSync(join(env.STATE_DIRECTORY, 'gatehouse.sqlite')))
  })

  it('is found by the doctor, primitive by primitive', async (t) => {
    const conf = join(freshFolder(t), 'openssl.cnf')
    writeFileSync(conf, WITHOUT_PROVIDER)
    const { code, out } = await run([SCRIPT, 'doctor'], {
      ...freshEnvironment(t),
      OPENSSL_CONF: conf,
    })
    assert.equal(code, EXIT_CODES.unwell.code)
    assert.match(out, /^machine .*FIPS on$/m)
    for (const primitive of ['AES-256-GCM', 'SHA-256', 'HKDF-SHA256', 'Ed25519']) {
      assert.match(out, new RegExp(`ERROR +${primitive} does not work`))
    }
    // The settings ask for none of it.
    assert.match(out, /warning +scrypt does not work/)
  })

  it('asked for on the command line, Node itself says so and does not start', async (t) => {
    for (const flag of ['--enable-fips', '--force-fips']) {
      const { code, err } = await run([flag, SCRIPT, 'serve'], freshEnvironment(t))
      assert.notEqual(code, 0)
      assert.match(err, /FIPS/i)
    }
  })
})

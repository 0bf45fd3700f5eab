import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { freshEnvironment, freshFolder, runCli } from '../../support/runCli.ts'

describe('the command line', () => {
  it('explains itself, exit codes included', async () => {
    const run = runCli({ args: ['--help'] })
    assert.equal(await run.code, 0)
    for (const verb of ['serve', 'db', 'token', 'kek', 'policy', 'config']) {
      assert.match(run.out(), new RegExp(`\n {2}${verb} `))
    }
    for (const { meaning } of Object.values(EXIT_CODES)) assert.ok(run.out().includes(meaning))
  })

  it('says its version', async () => {
    const run = runCli({ args: ['--version'] })
    assert.equal(await run.code, 0)
    assert.equal(run.out(), '9.9.9\n')
  })

  const misunderstood: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a misspelt verb', ['srve'], /Did you mean serve/],
    ['a verb without its second half', ['db'], /upgrade.*status/s],
    ['an unknown option', ['serve', '--prot', '1'], /unknown option/],
    ['a token without a role', ['token', 'issue', '--project', 'p'], /--role/],
    ['an option without its value', ['serve', '--config-file'], /--config-file/],
  ]
  for (const [what, args, teaching] of misunderstood) {
    it(`refuses ${what} with exit code 2 and says what would be right`, async () => {
      const run = runCli({ args })
      assert.equal(await run.code, EXIT_CODES.usage.code)
      assert.match(run.err(), teaching)
      assert.equal(run.out(), '')
    })
  }

  it('has no two meanings for one exit code', () => {
    const codes = Object.values(EXIT_CODES).map(({ code }) => code)
    assert.equal(new Set(codes).size, codes.length)
  })

  it('takes settings files before and behind the verb, the later one winning', async (t) => {
    const folder = freshFolder(t)
    mkdirSync(join(folder, 'd'))
    writeFileSync(join(folder, 'a.conf'), '[DEFAULT]\nbind_port = 1\nbacklog = 1\n')
    writeFileSync(join(folder, 'd', 'b.conf'), '[DEFAULT]\nbind_port = 2\nbacklog = 2\n')
    writeFileSync(join(folder, 'c.conf'), '[DEFAULT]\nbind_port = 3\n')
    const run = runCli({
      args: [
        ...['--config-file', join(folder, 'a.conf'), 'config', 'show'],
        ...['--config-dir', join(folder, 'd'), '--config-file', join(folder, 'c.conf')],
      ],
    })
    assert.equal(await run.code, 0)
    assert.match(run.out(), /c\.conf:2\nbind_port = 3\n/)
    assert.match(run.out(), /b\.conf:3\nbacklog = 2\n/)
  })

  it('lists all wrong settings, one line each, with exit code 3 and no stack', async (t) => {
    const path = join(freshFolder(t), 'g.conf')
    writeFileSync(path, '[DEFAULT]\nbind_port = x\nbind_hots = y\n')
    for (const verb of [['serve'], ['config', 'show'], ['db', 'status'], ['kek', 'status']]) {
      const run = runCli({ args: [...verb, '--config-file', path] })
      assert.equal(await run.code, EXIT_CODES.settings.code)
      assert.equal(
        run.err().replaceAll(path, 'g.conf'),
        'gatehouse: 2 settings are wrong:\n' +
          '  g.conf:2: [DEFAULT] bind_port is "x"; it wants a whole number from 0 to 65535\n' +
          '  g.conf:3: [DEFAULT] bind_hots is unknown; did you mean bind_host?\n',
      )
    }
  })

  it('prints a sample file that starts with an explanation', async () => {
    const run = runCli({ args: ['config', 'show', '--sample'] })
    assert.equal(await run.code, 0)
    assert.match(run.out(), /^# Gatehouse\./)
    assert.match(run.out(), /\n#bind_port = 9311\n/)
  })

  it('shows no password among the settings in force', async (t) => {
    const env = { ...freshEnvironment(t), OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hunter2' }
    const run = runCli({ args: ['config', 'show'], env })
    assert.equal(await run.code, 0)
    assert.ok(!run.out().includes('hunter2'))
    assert.match(
      run.out(),
      /# from environment OS_KEYSTONE_AUTHTOKEN__PASSWORD\n# password = \(given/,
    )
  })
})

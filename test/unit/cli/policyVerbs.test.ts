import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { DEFAULT_RULES } from '../../../src/policy/defaultRules.ts'
import { renderSamplePolicy } from '../../../src/policy/policyDocs.ts'
import { freshFolder, runCli } from '../../support/runCli.ts'

interface Place {
  readonly folder: string
  readonly run: (...args: readonly string[]) => ReturnType<typeof runCli>
}

/** A configuration file with the given policy beside it, and its commands. */
function placeWith(
  t: Parameters<typeof freshFolder>[0],
  policy: string | undefined,
  settings = '',
): Place {
  const folder = freshFolder(t)
  const config = join(folder, 'gatehouse.conf')
  writeFileSync(config, `[DEFAULT]\nstate_path = ${join(folder, 'state')}\n${settings}`)
  if (policy !== undefined) writeFileSync(join(folder, 'policy.yaml'), policy)
  const run: Place['run'] = (...args) =>
    runCli({ args: ['--config-file', config, 'policy', ...args] })
  return { folder, run }
}

const NEW = '[oslo_policy]\nenforce_new_defaults = True\n'

describe('gatehouse policy list', () => {
  it('prints every rule in force with its operations, and the mode', async (t) => {
    const { run } = placeWith(t, undefined)
    const list = run('list')
    assert.equal(await list.code, 0)
    assert.match(list.out(), /^legacy defaults .*enforce_new_defaults = False.*files: none\n/)
    for (const { name, description, operations } of DEFAULT_RULES) {
      assert.ok(list.out().includes(`\n${name}\n`), name)
      assert.ok(list.out().includes(`  ${description}\n`), name)
      for (const { method, path } of operations) assert.ok(list.out().includes(`${method} ${path}`))
    }
    assert.match(list.out(), /\nsecrets:post\n {2}rule:admin_or_creator\n/)
  })

  it('prints the other rules in the other mode', async (t) => {
    const { run } = placeWith(t, undefined, NEW)
    const list = run('list')
    assert.equal(await list.code, 0)
    assert.match(list.out(), /^new defaults/)
    assert.match(list.out(), /\nsecrets:post\n {2}role:member\n/)
  })

  it('says which file an overriding rule came from, the later file winning', async (t) => {
    const { folder, run } = placeWith(t, 'creator: role:a\n"secret:get": "@"\nmine: role:m\n')
    mkdirSync(join(folder, 'policy.d'))
    writeFileSync(join(folder, 'policy.d', 'late.yaml'), '"secret:get": "rule:mine"\n')
    const list = run('list')
    assert.equal(await list.code, 0)
    const out = list.out().replaceAll(folder, '')
    assert.match(out, /\nsecret:get {3}\[from \/policy\.d\/late\.yaml\]\n {2}rule:mine\n/)
    assert.match(out, /\ncreator {3}\[from \/policy\.yaml\]\n {2}role:a\n/)
    assert.match(out, /\nmine {3}\[from \/policy\.yaml\]\n {2}role:m\n/)
    assert.match(out, /files: \/policy\.yaml, \/policy\.d\/late\.yaml\n/)
  })

  it('warns on standard error about rules that nothing asks for', async (t) => {
    const list = placeWith(t, 'stray: role:x\n').run('list')
    assert.equal(await list.code, 0)
    assert.match(list.err(), /^warning: .*stray/)
  })

  it('refuses a policy that cannot be enforced with the exit code of serve', async (t) => {
    const { run } = placeWith(t, 'creator: "role:a and"\n')
    for (const verb of [['list'], ['check', '--rule', 'secret:get']]) {
      const list = run(...verb)
      assert.equal(await list.code, EXIT_CODES.settings.code)
      assert.match(list.err(), /cannot be enforced: .*policy\.yaml: rule "creator"/)
      assert.equal(list.out(), '')
    }
  })
})

describe('gatehouse policy sample', () => {
  it('prints the file that the documentation has, and needs no settings', async () => {
    const sample = runCli({ args: ['policy', 'sample'] })
    assert.equal(await sample.code, 0)
    assert.equal(sample.out(), renderSamplePolicy())
  })
})

describe('gatehouse policy check', () => {
  it('explains a refusal with exit code 1 and an allowance with 0', async (t) => {
    const { run } = placeWith(t, undefined)
    const asked = ['check', '--rule', 'secret:decrypt', '--user', 'ada', '--project', 'demo']
    const refused = run(...asked, '--role', 'Creator', '--target', 'read_project_access=False')
    assert.equal(await refused.code, EXIT_CODES.refused.code)
    assert.match(refused.out(), /^secret:decrypt refuses this\.\n/)
    assert.match(refused.out(), /caller {2}user ada, project demo, roles creator\n/)
    assert.match(
      refused.out(),
      /target {2}secret of project demo \(assumed\), created by somebody-else \(assumed\), private/,
    )
    assert.match(refused.out(), /\nno {2}rule:secret:decrypt = any of\n/)

    const owner = ['--target', 'creator_id=ada', 'target.secret.read_project_access=False']
    const allowed = run(...asked, '--role', 'creator', ...owner)
    assert.equal(await allowed.code, 0, allowed.err())
    assert.match(allowed.out(), /^secret:decrypt allows this\.\n/)
    assert.match(allowed.out(), /\nyes {5}rule:secret_creator_user = .*user_id is ada; .* is ada\]/)
  })

  it('judges by the mode of the settings', async (t) => {
    const asked = ['check', '--rule', 'secrets:post', '--role', 'member']
    assert.equal(await placeWith(t, undefined).run(...asked).code, EXIT_CODES.refused.code)
    assert.equal(await placeWith(t, undefined, NEW).run(...asked).code, 0)
  })

  it('names the file of a rule that decided', async (t) => {
    const { folder, run } = placeWith(t, 'creator: role:keyholder\n')
    const check = run('check', '--rule', 'secrets:post', '--role', 'keyholder')
    assert.equal(await check.code, 0)
    assert.ok(
      check
        .out()
        .includes(
          `yes   rule:creator = role:keyholder   [from ${join(folder, 'policy.yaml')}; roles: keyholder]`,
        ),
      check.out(),
    )
  })

  it('knows domains, and a caller without user id or roles', async (t) => {
    const policy = '"secrets:get": "user_domain_id:d1 and project_domain_id:d2 and user_id:None"\n'
    const { run } = placeWith(t, policy)
    const asked = ['check', '--rule', 'secrets:get', '--user', '', '--user-domain', 'd1']
    const check = run(...asked, '--project-domain', 'd2')
    assert.equal(await check.code, 0, check.out())
    assert.match(
      check.out(),
      /caller {2}user without id, project some-project \(assumed\), roles none/,
    )
    assert.equal(await run(...asked).code, EXIT_CODES.refused.code)
  })

  it('without a rule asks all of them, and answers with a table', async (t) => {
    const { run } = placeWith(t, undefined)
    const check = run('check', '--role', 'observer', '--target', 'target.secret.project_id=other')
    assert.equal(await check.code, 0)
    assert.match(check.out(), /\n {2}yes secrets:get\n {2}no {2}containers:post\n/)
    assert.match(check.out(), /\n {2}no {2}secret:get\n/)
    assert.match(check.out(), /\n {2}yes container:get\n/)
    const rows = check.out().match(/^ {2}(yes|no {1}) \S+$/gm)
    assert.equal(rows?.length, DEFAULT_RULES.length)
  })

  const misunderstood: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a misspelt rule', ['--rule', 'secret:gte'], /no rule secret:gte\. Did you mean secret:get\?/],
    [
      'a rule about a known thing',
      ['--rule', 'container:somethingelse'],
      /Did you mean container:get, container:delete\?/,
    ],
    ['a rule of another planet', ['--rule', 'zzz'], /no rule zzz\. `gatehouse policy list`/],
    ['a shared rule', ['--rule', 'admin_or_creator'], /that others are written with/],
    ['an unknown fact', ['--rule', 'secret:get', '--target', 'a=b'], /target\.secret\.creator_id/],
  ]
  for (const [what, args, teaching] of misunderstood) {
    it(`refuses ${what} with exit code 2 and says what would be right`, async (t) => {
      const check = placeWith(t, undefined).run('check', ...args)
      assert.equal(await check.code, EXIT_CODES.usage.code)
      assert.match(check.err(), teaching)
      assert.equal(check.out(), '')
    })
  }

  it('opens no database and makes no state folder', async (t) => {
    const { folder, run } = placeWith(t, undefined)
    for (const verb of [['list'], ['sample'], ['check', '--role', 'admin']]) {
      assert.equal(await run(...verb).code, 0)
    }
    assert.ok(!existsSync(join(folder, 'state')))
  })
})

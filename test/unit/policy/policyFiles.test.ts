import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { ruleText } from '../../../src/policy/compiledRules.ts'
import type { RuleName } from '../../../src/policy/defaultRules.ts'
import { Policy } from '../../../src/policy/policy.ts'
import {
  PolicyFiles,
  type PolicyFilesOptions,
  type Reload,
} from '../../../src/policy/policyFiles.ts'
import { PolicyFollower } from '../../../src/policy/policyFollower.ts'
import { rulesInText } from '../../../src/policy/policyText.ts'
import { RuleError } from '../../../src/policy/ruleError.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'
import { contextOf } from './policySamples.ts'

const POST: RuleName = 'secrets:post'

interface Scene {
  readonly folder: string
  write(name: string, text: string | Uint8Array): string
  open(options?: Partial<PolicyFilesOptions>): Promise<PolicyFiles>
}

function scene(t: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'))
  t.after(() => rmSync(folder, { recursive: true }))
  let serial = 0
  return {
    folder,
    // By rename, as careful operators do; a new inode is a change even within one tick of the clock.
    write: (name, text) => {
      const path = join(folder, name)
      const temporary = join(folder, `.new-${serial++}`)
      writeFileSync(temporary, text)
      renameSync(temporary, path)
      return path
    },
    open: (options = {}) =>
      PolicyFiles.open({ enforceNewDefaults: false, searchDirs: [folder], ...options }),
  }
}

/** The first look sees a change, the second takes it. */
async function settled(files: PolicyFiles): Promise<Reload> {
  const first = await files.reload()
  return first.kind === 'unchanged' ? await files.reload() : first
}

test('without any file the defaults are in force', async (t) => {
  const { open } = scene(t)
  for (const policyFile of [undefined, 'policy.yaml', 'policy.json']) {
    const files = await open({ policyFile })
    assert.deepEqual(files.files, [])
    assert.equal(ruleText(files.rules, POST), 'rule:admin_or_creator')
  }
})

test('policy.yaml beside the configuration is found, and policy.json where there is none', async (t) => {
  const { open, write, folder } = scene(t)
  write('policy.json', '{"secrets:post": "role:json"}')
  assert.equal(ruleText((await open()).rules, POST), 'role:json')
  write('policy.yaml', '"secrets:post": "role:yaml"')
  const files = await open()
  assert.equal(ruleText(files.rules, POST), 'role:yaml')
  assert.deepEqual(files.files, [join(folder, 'policy.yaml')])
})

test('a policy file with a name of its own that is missing refuses the start', async (t) => {
  const { open, folder } = scene(t)
  for (const policyFile of ['strict.yaml', join(folder, 'policy.yaml')]) {
    await assert.rejects(open({ policyFile }), (error: unknown) => {
      assert.ok(
        error instanceof StartupRefusal && error.message.includes(policyFile),
        String(error),
      )
      return true
    })
  }
})

test('files in policy_dirs come later, by name, and win; hidden ones and folders are passed over', async (t) => {
  const { open, write, folder } = scene(t)
  write('policy.yaml', '{"secrets:post": "role:main", "orders:post": "role:main"}')
  mkdirSync(join(folder, 'policy.d', 'folder'), { recursive: true })
  write('policy.d/20-late.yaml', '"secrets:post": "role:late"')
  write('policy.d/10-early.yaml', '"secrets:post": "role:early"')
  write('policy.d/.hidden.yaml', '"secrets:post": "role:hidden"')
  const files = await open()
  assert.equal(ruleText(files.rules, POST), 'role:late')
  assert.equal(ruleText(files.rules, 'orders:post'), 'role:main')
  assert.equal(files.files.length, 3)
  assert.deepEqual(
    (await open({ policyDirs: ['absent.d'] })).files.length,
    1,
    'a missing folder is passed over',
  )
  assert.deepEqual((await open({ policyDirs: [] })).files.length, 1)
})

test('a broken file refuses the start and names file and rule', async (t) => {
  const { open, write } = scene(t)
  for (const [text, word] of [
    ['"secrets:post": "role:a and"', '"secrets:post"'],
    ['"secrets:post": "http://policy.example/"', 'another server'],
    ['"secrets:post":', '"secrets:post"'],
    ['"secrets:post": !', 'in quotes'],
    ['"secrets:post": !!str role:a', 'in quotes'],
    ['"secrets:post": false', '"secrets:post"'],
    ['- role:a', 'maps names'],
    ['just text', 'maps names'],
    ['"secrets:post": "role:a', ''],
    ['{"secrets:post": "role:a", "secrets:post": "@"}', 'unique'],
    ['"a": "rule:b"\n"b": "rule:a"', 'circle'],
  ] as const) {
    const path = write('policy.yaml', text)
    await assert.rejects(open(), (error: unknown) => {
      assert.ok(error instanceof StartupRefusal, String(error))
      assert.ok(error.message.includes(path) && error.message.includes(word), error.message)
      return true
    })
  }
  for (const bytes of [Buffer.from([0x22, 0xff, 0xfe, 0x22]), Buffer.alloc(2_000_000, 0x20)]) {
    write('policy.yaml', bytes)
    await assert.rejects(open(), StartupRefusal)
  }
})

test('an empty file, comments alone, tabs in JSON and a byte order mark are fine', async (t) => {
  const { open, write } = scene(t)
  for (const text of [
    '',
    '\n',
    '# nothing yet\n',
    '---\n',
    '{}',
    '\ufeff"orders:post": "role:x"',
    '{\n\t"orders:post":\t"role:x"\n}\n',
  ]) {
    write('policy.yaml', text)
    assert.equal(
      ruleText((await open()).rules, POST),
      'rule:admin_or_creator',
      JSON.stringify(text),
    )
  }
})

test('a changed file is taken once it has looked the same twice', async (t) => {
  const { open, write } = scene(t)
  write('policy.yaml', '"secrets:post": "role:one"')
  const files = await open()
  assert.deepEqual(await files.reload(), { kind: 'unchanged' })
  write('policy.yaml', '"secrets:post": "role:two"')
  assert.deepEqual(await files.reload(), { kind: 'unchanged' })
  assert.equal(ruleText(files.rules, POST), 'role:one', 'it may still be written to')
  assert.equal((await files.reload()).kind, 'reloaded')
  assert.equal(ruleText(files.rules, POST), 'role:two')
  assert.deepEqual(await files.reload(), { kind: 'unchanged' })
})

test('a file that keeps changing is not taken half-way', async (t) => {
  const { open, write } = scene(t)
  write('policy.yaml', '"secrets:post": "role:one"')
  const files = await open()
  for (let i = 0; i < 5; i++) {
    write('policy.yaml', `"secrets:post": "role:part-${i}"`)
    assert.deepEqual(await files.reload(), { kind: 'unchanged' })
  }
  assert.equal(ruleText(files.rules, POST), 'role:one')
})

test('a broken change keeps the last good policy, is said once, and is forgotten when mended', async (t) => {
  const { open, write } = scene(t)
  write('policy.yaml', '"secrets:post": "role:good"')
  const files = await open()
  write('policy.yaml', '"secrets:post": "role:good and"')
  const broken = await settled(files)
  assert.ok(broken.kind === 'broken' && broken.reason.includes('secrets:post'))
  assert.equal(ruleText(files.rules, POST), 'role:good')
  for (let i = 0; i < 3; i++) assert.deepEqual(await files.reload(), { kind: 'unchanged' })
  write('policy.yaml', '"secrets:post": "role:better"')
  assert.equal((await settled(files)).kind, 'reloaded')
  assert.equal(ruleText(files.rules, POST), 'role:better')
})

test('a policy file that goes away does not open what it had closed', async (t) => {
  const { open, write, folder } = scene(t)
  write('policy.yaml', '"secrets:post": "!"')
  for (const policyFile of [undefined, join(folder, 'policy.yaml')]) {
    const files = await open({ policyFile })
    rmSync(join(folder, 'policy.yaml'))
    const gone = await settled(files)
    assert.equal(gone.kind, 'broken')
    assert.deepEqual(await settled(files), { kind: 'unchanged' }, 'said once')
    assert.equal(ruleText(files.rules, POST), '!')
    write('policy.yaml', '"secrets:post": "!"')
    assert.notEqual((await settled(files)).kind, 'broken')
    assert.equal(ruleText(files.rules, POST), '!')
  }
})

test('files that come and go in policy_dirs are followed', async (t) => {
  const { open, write, folder } = scene(t)
  const files = await open()
  mkdirSync(join(folder, 'policy.d'))
  write('policy.d/local.yaml', '"secrets:post": "role:local"')
  assert.equal((await settled(files)).kind, 'reloaded')
  assert.equal(ruleText(files.rules, POST), 'role:local')
  rmSync(join(folder, 'policy.d', 'local.yaml'))
  assert.equal((await settled(files)).kind, 'reloaded')
  assert.equal(ruleText(files.rules, POST), 'rule:admin_or_creator')
})

test('a change behind a symbolic link (a mounted config map) is seen', async (t) => {
  const { open, write, folder } = scene(t)
  write('first.yaml', '"secrets:post": "role:first"')
  write('second.yaml', '"secrets:post": "role:second"')
  symlinkSync('first.yaml', join(folder, 'policy.yaml'))
  const files = await open()
  rmSync(join(folder, 'policy.yaml'))
  symlinkSync('second.yaml', join(folder, 'policy.yaml'))
  assert.equal((await settled(files)).kind, 'reloaded')
  assert.equal(ruleText(files.rules, POST), 'role:second')
})

test('the follower hands new rules to the policy and tells of broken ones', async (t) => {
  const { open, write } = scene(t)
  const files = await open()
  const policy = new Policy({ rules: files.rules })
  const told: string[] = []
  const follower = new PolicyFollower({
    files,
    policy,
    onReloaded: (rules, paths) => told.push(`reloaded ${paths.length} ${rules.warnings.length}`),
    onBroken: (reason) => told.push(`broken ${reason}`),
  })
  const ctx = contextOf({ roles: ['vault'] })
  write('policy.yaml', '"secrets:post": "role:vault"')
  await follower.look()
  await follower.look()
  policy.authorizeProject(ctx, 'secrets:post')
  write('policy.yaml', '"secrets:post": "("')
  await follower.look()
  await follower.look()
  policy.authorizeProject(ctx, 'secrets:post')
  assert.equal(told[0], 'reloaded 1 0')
  assert.match(told[1] ?? '', /^broken .*policy\.yaml: rule "secrets:post"/)
  assert.equal(told.length, 2)
  follower.start()
  follower.stop()
})

test('hostile file text is refused or read, never a crash', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: anyCharacter }),
        fc.json(),
        fc
          .array(
            fc.constantFrom(
              'a',
              ':',
              ' ',
              '\n',
              '-',
              '&x ',
              '*x',
              '{',
              '}',
              '[',
              ']',
              '"',
              '!',
              '|',
              '>',
              '<<',
              '%',
              '\t',
            ),
          )
          .map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          assert.ok(rulesInText(text) instanceof Map)
        } catch (error) {
          assert.ok(error instanceof RuleError, String(error))
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a file that unfolds without end (billion laughs) is refused', () => {
  const lines = ['a0: &a0 ["role:x"]']
  for (let i = 1; i < 20; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  assert.throws(() => rulesInText(lines.join('\n')), RuleError)
})

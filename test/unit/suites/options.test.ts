import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryPoints } from '../../peers/suites/client.ts'
import { optionsOf } from '../../peers/suites/options.ts'

test('without options every suite runs in every stage, from Debian', () => {
  const { clones, suites, stages } = optionsOf([])
  assert.equal(clones, undefined)
  assert.deepEqual(suites, ['functional', 'tempest', 'client', 'castellan', 'sdk'])
  assert.deepEqual(stages, ['legacy', 'several', 'secure'])
})

test('--only names suites; --mode and --multi choose stages', () => {
  assert.deepEqual(optionsOf(['--only', 'client,sdk']).suites, ['client', 'sdk'])
  assert.deepEqual(optionsOf(['--mode', 'legacy']).stages, ['legacy'])
  assert.deepEqual(optionsOf(['--mode', 'legacy', '--multi']).stages, ['several'])
  assert.deepEqual(optionsOf(['--mode', 'secure']).stages, ['secure'])
  assert.deepEqual(optionsOf(['--multi']).stages, ['several', 'secure'])
})

test('a suite or a mode that nobody knows ends the run before anything starts', () => {
  assert.throws(() => optionsOf(['--only', 'clinet']), /no such suite: clinet/)
  assert.throws(() => optionsOf(['--mode', 'strict']), /no such mode: strict/)
  assert.throws(() => optionsOf(['--fast']), /--fast/)
})

test('entry points of a setup.cfg become those of an installed package', () => {
  const setup = `[metadata]
name = a

[entry_points]
console_scripts =
    tool = pack.age:main

group.v1 =

    one_two = pack.age:One
[files]
packages =
    pack
`
  const lines = entryPoints(setup).split('\n')
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    ['[console_scripts]', 'tool = pack.age:main', '[group.v1]', 'one_two = pack.age:One'],
  )
  assert.throws(() => entryPoints('[metadata]\nname = a\n'), /no entry points/)
})

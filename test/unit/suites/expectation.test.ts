import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import {
  disagreements,
  type Expectation,
  expectationOf,
  scoreOf,
} from '../../peers/suites/expectation.ts'
import { nameOf, RUNS } from '../../peers/suites/runs.ts'
import type { Outcome } from '../../peers/suites/stestr.ts'

const EXPECTED: Expectation = {
  version: '1',
  passed: 2,
  fails: { broken: 'it compares text with bytes' },
  skips: { 'no such thing here': 1 },
  barbican: null,
}

const outcome = (name: string, end: Outcome['end']): Outcome => ({ test: name, end, detail: '' })
const GOOD = [
  outcome('one', 'pass'),
  outcome('two', 'pass'),
  outcome('broken', 'fail'),
  outcome('bored', 'skip'),
]

test('a run that gives what is expected of it disagrees in nothing, nor does one with more tests', () => {
  assert.deepEqual(disagreements(EXPECTED, GOOD), [])
  assert.deepEqual(disagreements(EXPECTED, [...GOOD, outcome('three', 'pass')]), [])
  assert.deepEqual(scoreOf(GOOD), { passed: 2, failed: 1, skipped: 1 })
})

test('a failure that is not listed is told by name', () => {
  const found = disagreements(EXPECTED, [...GOOD, outcome('three', 'fail')])
  assert.deepEqual(found, ['fails: three'])
})

test('a test that was expected to fail and passes, or is not there, is told', () => {
  const expected = ['is expected to fail and does not: broken']
  const mended = GOOD.map((each) => (each.test === 'broken' ? outcome('broken', 'pass') : each))
  assert.deepEqual(disagreements(EXPECTED, mended), expected)
  assert.deepEqual(
    disagreements(
      EXPECTED,
      GOOD.filter((each) => each.test !== 'broken'),
    ),
    expected,
  )
})

test('fewer passes than expected are told, whether the tests skipped themselves or did not run at all', () => {
  const skipped = GOOD.map((each) => (each.test === 'two' ? outcome('two', 'skip') : each))
  assert.deepEqual(disagreements(EXPECTED, skipped), ['1 passed, 2 should'])
  assert.deepEqual(disagreements(EXPECTED, []), [
    '0 passed, 2 should',
    'is expected to fail and does not: broken',
  ])
})

test('a test that passes twice is told of: it would make up for one that is missing', () => {
  const twice = [...GOOD, outcome('one', 'pass')]
  assert.deepEqual(disagreements(EXPECTED, twice), ['passes twice: one'])
})

test('every run has an expectation, every expectation a run, and every known failure a reason', () => {
  const folder = join(import.meta.dirname, '../../peers/suites/expected')
  const files = globSync('*.json', { cwd: folder }).map((file) => basename(file, '.json'))
  assert.deepEqual(files.toSorted(), RUNS.map(nameOf).toSorted())
  for (const name of files) {
    const { passed, version, fails, barbican } = expectationOf(name)
    assert.ok(passed > 0 && version !== '', name)
    for (const [failing, reason] of Object.entries(fails))
      assert.ok(reason.length > 20, `${name}: ${failing}`)
    // The bar of the project: what the real Barbican passes, passes here.
    if (barbican !== null) assert.ok(passed >= barbican.passed, name)
  }
})

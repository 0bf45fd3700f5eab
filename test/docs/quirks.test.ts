import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KNOWN_DIFFERENCES } from '../peers/differential/knownDifferences.ts'
import { ROOT } from './documents.ts'

/*
 * Barbican's oddities are numbered Q01 to Q70 (there is no Q34). A test that shows what became of one, kept
 * or mended, carries its number at the end of its name: `... is 413 (Q07, Q70)`.
 */
const LAST = 70
const MISSING = 34

/** What cannot be shown by a test, because we have no such thing: words of docs/differences.md instead. */
const TOLD: Readonly<Record<string, string>> = {
  Q52: '`hsm rewrap_pkek` fails with its own library',
}

const differences = readFileSync(join(ROOT, 'docs/differences.md'), 'utf8')

const quirks = Array.from({ length: LAST }, (_, index) => index + 1)
  .filter((number) => number !== MISSING)
  .map((number) => `Q${String(number).padStart(2, '0')}`)

/** The numbers in names of tests: in parentheses, at the end of a text. */
function numbersInTestNames(): ReadonlySet<string> {
  const texts = globSync('test/**/*.test.ts', { cwd: ROOT }).map((path) =>
    readFileSync(join(ROOT, path), 'utf8'),
  )
  const named = texts.flatMap((text) => [...text.matchAll(/\((Q\d\d(?:, Q\d\d)*)\)['`"],/g)])
  return new Set(named.flatMap(([, numbers]) => numbers?.split(', ') ?? []))
}

test('every oddity of Barbican has a test that carries its number, or words in docs/differences.md', () => {
  const tested = numbersInTestNames()
  assert.deepEqual(
    quirks.filter((quirk) => !tested.has(quirk) && TOLD[quirk] === undefined),
    [],
  )
  for (const [quirk, words] of Object.entries(TOLD)) {
    assert.ok(differences.includes(words), `${quirk}: ${words}`)
    assert.ok(!tested.has(quirk), `${quirk} has a test by now`)
  }
})

test('no test carries the number of an oddity that is not there', () => {
  assert.deepEqual(
    [...numbersInTestNames()].filter((quirk) => !quirks.includes(quirk)),
    [],
  )
})

test('what the comparison with Barbican lets differ is told to operators, in the words given', () => {
  const untold = KNOWN_DIFFERENCES.filter(({ cause, told }) =>
    told === undefined
      ? cause === 'mended' || cause === 'harmless' || cause === 'ours'
      : !differences.includes(told),
  )
  assert.deepEqual(untold, [])
})

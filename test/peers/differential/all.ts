/**
 * Asks a real Barbican and a Gatehouse the same things and holds every answer against the other. What differs stands
 * in knownDifferences.ts with its reason, or fails. DIFFERENTIAL_SEED asks other things of the same kind.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { Gatehouse } from '../gatehouse.ts'
import { Barbican } from './barbican.ts'
import { KNOWN_DIFFERENCES } from './knownDifferences.ts'
import { Ledger } from './ledger.ts'
import { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { ofOneStore } from './scenarios.ts'
import { Twins } from './twins.ts'

const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? '20_261_122'.replaceAll('_', ''))
/** What an acceptance test of this house wants at least. */
const AT_LEAST = 1_500
/** How many failures of a scenario are shown in full. */
const SHOWN = 25

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-differential-'))
const barbicanFolder = join(folder, 'barbican')
await mkdir(barbicanFolder)
const [barbican, gatehouse] = await Promise.all([
  Barbican.start(barbicanFolder),
  Gatehouse.start({
    name: 'gatehouse',
    folder,
    configuration: { DEFAULT: { auth_strategy: 'noauth' } },
  }),
])
after(async () => Promise.all([barbican.stop(), gatehouse.stop()]))

const ledger = new Ledger(KNOWN_DIFFERENCES)
const twins = new Twins(barbican.url, gatehouse.url)

const compared = (scenario: Scenario): void => {
  test(`Barbican and Gatehouse answer alike, or differ as listed: ${scenario.name}`, async (t) => {
    const begin = twins.pairs.length
    await scenario.run(twins, new Random(SEED, scenario.name))
    const pairs = twins.pairs.slice(begin)
    const unlisted = pairs.map((pair) => ledger.enter(pair)).filter((text) => text !== undefined)
    t.diagnostic(`${pairs.length} pairs`)
    const more = unlisted.length > SHOWN ? `\nand ${unlisted.length - SHOWN} more` : ''
    assert.equal(
      unlisted.length,
      0,
      `with seed ${SEED}, ${unlisted.length} of ${pairs.length} pairs differ without being listed:\n` +
        unlisted.slice(0, SHOWN).join('\n') +
        more,
    )
  })
}

for (const scenario of ofOneStore) compared(scenario)

test(`at least ${AT_LEAST} pairs were compared`, () => {
  assert.ok(ledger.pairs >= AT_LEAST, `only ${ledger.pairs}`)
})

test('every listed difference was met', () => {
  assert.deepEqual(ledger.unmet(), [])
})

test('every difference that is ours to answer for is told to operators', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/differences.md'), 'utf8')
  const untold = KNOWN_DIFFERENCES.filter(({ cause, told }) =>
    told === undefined
      ? cause === 'mended' || cause === 'harmless' || cause === 'ours'
      : !page.includes(told),
  )
  assert.deepEqual(untold, [])
})

test('the count', (t) => {
  t.diagnostic(`Barbican ${barbican.version}, seed ${SEED}`)
  for (const line of ledger.summary().split('\n')) t.diagnostic(line)
})

/**
 * Asks a real Barbican and a Gatehouse the same things and holds every answer against the other. What differs stands
 * in knownDifferences.ts with its reason, or fails. DIFFERENTIAL_SEED asks other things of the same kind.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Configuration, Gatehouse } from '../gatehouse.ts'
import { Barbican } from './barbican.ts'
import { KNOWN_DIFFERENCES } from './knownDifferences.ts'
import { Ledger } from './ledger.ts'
import { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { ofManyStores, ofOneStore } from './scenarios.ts'
import { Twins } from './twins.ts'

const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 15_001)
/** What an acceptance test of this house wants at least. */
const AT_LEAST = 1_500
/** How many failures of a scenario are shown in full. */
const SHOWN = 25

/** One store as Barbican's own samples have it; to us it is the keyring there is anyway. */
const MANY_STORES = {
  secretstore: { enable_multiple_secret_stores: 'true', stores_lookup_suffix: 'software' },
  'secretstore:software': {
    secret_store_plugin: 'store_crypto',
    crypto_plugin: 'simple_crypto',
    global_default: 'true',
  },
}

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-differential-'))
const ledger = new Ledger(KNOWN_DIFFERENCES)
const running: (Barbican | Gatehouse)[] = []
after(async () => Promise.all(running.map(async (server) => server.stop())))

/** A Barbican and a Gatehouse of the same configuration. */
const start = async (name: string, stores: Configuration): Promise<Twins> => {
  const home = join(folder, name)
  await mkdir(join(home, 'barbican'), { recursive: true })
  const noauth = { DEFAULT: { auth_strategy: 'noauth' }, ...stores }
  const [barbican, gatehouse] = await Promise.all([
    Barbican.start(join(home, 'barbican'), stores),
    Gatehouse.start({ name: 'gatehouse', folder: home, configuration: noauth }),
  ])
  running.push(barbican, gatehouse)
  return new Twins(barbican.url, gatehouse.url)
}

const compared = (twins: Twins, scenario: Scenario): void => {
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

const single = await start('single', {})
const many = await start('many', MANY_STORES)

for (const scenario of ofOneStore) compared(single, scenario)
for (const scenario of ofManyStores) compared(many, scenario)

test(`at least ${AT_LEAST} pairs were compared`, () => {
  assert.ok(ledger.pairs >= AT_LEAST, `only ${ledger.pairs}`)
})

test('every listed difference was met', () => {
  assert.deepEqual(ledger.unmet(), [])
})

test('the count', async (t) => {
  t.diagnostic(`Barbican ${await Barbican.version()}, seed ${SEED}`)
  for (const line of ledger.summary().split('\n')) t.diagnostic(line)
})

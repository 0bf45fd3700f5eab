import { alternate, cpu, measurementTable, medianRatio } from '../alternate.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { sharedAndOwn, USERS_IN_ACL } from '../load/sharedSecrets.ts'
import { measure } from '../measurement.ts'
import { medians } from '../rounds.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const SHARED = `one of ${USERS_IN_ACL} in the ACL`
const OWN = 'own, no ACL'

/** What a long ACL costs its readers: payload GET through it, against payload GET without one. */
export async function aclOfHundred(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const served = bench.keep(
    await Gatehouse.start({ name: 'acl-100', folder, fixture, core: serverCore }),
  )
  const { origin } = served
  const { shared, own } = await sharedAndOwn(callers, origin)
  const side = (name: string, requests: typeof own) => {
    const job = generator.load({ origin, requests })
    const { connections } = options
    return { name, once: (seconds: number) => measure(served, job, { connections, seconds }) }
  }
  tell(`${options.rounds} rounds of payload GET, with and without a long ACL:`)
  const found = await alternate({
    sides: [side(OWN, own), side(SHARED, shared)],
    rounds: options.rounds,
    seconds: options.seconds,
    warmUpSeconds: 6,
  })
  tell(
    measurementTable(
      'payload GET',
      [...found].map(([name, all]) => [name, medians(all)]),
    ),
  )
  tell(`Through the ACL: ${medianRatio(found, SHARED, OWN, cpu).toFixed(2)} times the CPU.\n`)
  await bench.closeAll()
  return []
}

import { alternate, cpu, measurementTable, medianRatio } from '../alternate.ts'
import { projectIdOf } from '../fixture/fixture.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { stores } from '../load/workloads.ts'
import { measure } from '../measurement.ts'
import { medians } from '../rounds.ts'
import { askApi } from '../target/askApi.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

/** High enough to be never reached: what counts is that there is something to count to. */
const LIMIT = 1_000_000
const LIMITED = 'a quota for each project'
const UNLIMITED = 'unlimited'

/**
 * POST secret in projects whose secrets are counted, against projects that may have any number. A server
 * for each, so that both databases grow alike; a count is as long as the project is large.
 */
export async function quotas(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const issue = await localTokens(fixture)
  const callers = await callersIn(fixture, 'usual', issue)
  const projects = [...callers.tokens.keys()]
  const requests = stores(callers)
  const start = async (name: string) =>
    bench.keep(
      await Gatehouse.start({
        name: name.replaceAll(' ', '-'),
        folder,
        fixture,
        core: serverCore,
      }),
    )
  const limited = await start(LIMITED)
  const admin = await issue(projects[0] ?? 0, ['key-manager:service-admin'])
  for (const project of projects) {
    const url = `${limited.origin}/v1/project-quotas/${projectIdOf(project)}`
    await askApi(admin, 'PUT', url, { project_quotas: { secrets: LIMIT } })
  }
  const servers = [
    [UNLIMITED, await start(UNLIMITED)],
    [LIMITED, limited],
  ] as const
  const sides = servers.map(([name, served]) => {
    const job = generator.load({ origin: served.origin, requests })
    const { connections } = options
    return { name, once: (seconds: number) => measure(served, job, { connections, seconds }) }
  })
  tell(`${options.rounds} rounds of POST secret, with and without a quota of ${LIMIT}:`)
  const found = await alternate({
    sides,
    rounds: options.rounds,
    seconds: options.seconds,
    warmUpSeconds: 6,
  })
  tell(
    measurementTable(
      'POST secret',
      [...found].map(([name, all]) => [name, medians(all)]),
    ),
  )
  const counted = await secretsOf(limited.origin, await issue(projects[0] ?? 0))
  const ratio = medianRatio(found, LIMITED, UNLIMITED, cpu).toFixed(2)
  tell(`With a quota: ${ratio} times the CPU; a project has ${counted} secrets by now.\n`)
  await bench.closeAll()
  return []
}

async function secretsOf(origin: string, token: string): Promise<number> {
  const headers = { Accept: 'application/json', 'X-Auth-Token': token }
  const signal = AbortSignal.timeout(30_000)
  const answer = await fetch(`${origin}/v1/secrets?limit=1`, { headers, signal })
  const { total } = (await answer.json()) as { readonly total: number }
  return total
}

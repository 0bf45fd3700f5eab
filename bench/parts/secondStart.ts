import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { median } from '../median.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const MOST_MS = 1_000

/** From the start of the process to its first answer, on a database that is there already. */
export async function secondStart(bench: Bench): Promise<readonly Verdict[]> {
  const { options, folder, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const gatehouse = bench.keep(
    await Gatehouse.start({ name: 'second-start', folder, fixture, core: undefined }),
  )
  const times: number[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    await gatehouse.stop()
    times.push(await gatehouse.run())
  }
  const sorted = times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0))
  tell(`Ready after (ms): ${sorted.join(', ')}\n`)
  await bench.closeAll()
  return [atMost('second start until the first answer', median(times), MOST_MS, ' ms')]
}

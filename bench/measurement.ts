import type { LoadedJob } from './load/loadGenerator.ts'
import type { LoadShape } from './load/loadJob.ts'
import { MachineLoad } from './target/machineLoad.ts'
import { cpuMicros } from './target/processCost.ts'
import type { Served } from './target/served.ts'

/** One stretch of load on one server. */
export interface Measurement {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** User and system time of the server process, and what stands before it, with all threads. */
  readonly cpuMicrosPerRequest: number
  /** Where sequences were sent: how many requests one of them was. */
  readonly requestsEach: number
}

/** What else went on during all measurements of this run. */
export const machineLoad = new MachineLoad()

/** @throws Error when any request failed: what is measured then is not what was meant */
export async function measure(
  served: Served,
  job: LoadedJob,
  shape: LoadShape,
  load: MachineLoad = machineLoad,
): Promise<Measurement> {
  const spent = (): number =>
    [served.pid, ...(served.furtherPids ?? [])].reduce((sum, pid) => sum + cpuMicros(pid), 0)
  const before = spent()
  const result = await load.watch(spent, () => job.run(shape))
  const cpu = spent() - before
  const { requests, sequences = requests, seconds, p50Ms, p99Ms, errors, firstError } = result
  if (errors > 0 || requests === 0) {
    const first = firstError === undefined ? '' : ` ${firstError}`
    throw new Error(`${errors} of ${requests} requests to ${served.origin} failed.${first}`)
  }
  return {
    requestsPerSecond: requests / seconds,
    p50Ms,
    p99Ms,
    cpuMicrosPerRequest: cpu / requests,
    requestsEach: requests / sequences,
  }
}

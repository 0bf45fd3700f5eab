import { error, type Finding, fine, warning } from './finding.ts'

const MUCH_MS = 2_000
/** From here on tokens and leases are judged wrongly. */
const TOO_MUCH_MS = 30_000

export function skewFinding(other: string, skewMs: number): Finding {
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1)
  if (Math.abs(skewMs) < MUCH_MS) return fine(`The clock agrees with that of ${other}`)
  const what = `The clock of this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of ${other}.`
  const todo = 'Let both keep time by the same source (chronyc tracking, timedatectl).'
  return Math.abs(skewMs) < TOO_MUCH_MS ? warning(what, todo) : error(what, todo)
}

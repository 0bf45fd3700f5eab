import type { Log } from '../lib/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { HousekeepingRun } from '../worker/housekeeper.ts'

/** Looks on while what is over is removed. */
export interface HousekeepingWatch {
  readonly onRun: (run: HousekeepingRun) => void
  readonly onFailure: (error: unknown) => void
}

interface Parts {
  readonly log: Log
  readonly metrics: Metrics
}

const WAITING =
  'housekeeping left expired secrets whose KEK store is away; the next interval tries again'
const DAMAGED = 'housekeeping left expired secrets that are not as they were written'

export function composeHousekeepingWatch({ log, metrics }: Parts): HousekeepingWatch {
  return {
    onRun({ expiredSecrets, tombstones, durationMs, failures }) {
      const { removed, damaged, waiting } = expiredSecrets
      // What failed was counted where it was told.
      if (failures === 0) metrics.housekeepingEnded(waiting === 0 ? 'done' : 'failed')
      metrics.purged('secret', removed)
      metrics.purged('tombstone', tombstones.removed)
      const counts = { expiredSecrets: removed, tombstones: tombstones.removed, durationMs }
      if (removed + tombstones.removed > 0) log.info(counts, 'housekeeping removed')
      if (waiting > 0) log.warn({ waiting }, WAITING)
      if (damaged > 0) log.error({ damaged }, DAMAGED)
    },
    onFailure(error) {
      metrics.housekeepingEnded('failed')
      const cause = error instanceof Error ? error : new Error(String(error))
      log.error({ error: cause }, 'housekeeping failed; the next interval tries again')
    },
  }
}

import type { Alarms, IntegrityFinding } from '../domain/ports/crypto.ts'
import type { Log } from '../lib/log.ts'
import type { Audit } from './audit.ts'
import type { Metrics } from './metrics.ts'

export interface AlarmParts {
  readonly log: Log
  readonly metrics: Metrics
  readonly audit: Audit | undefined
}

/** A stored record that is not what we wrote: log level fatal, metric, audit line. */
export class OperatorAlarms implements Alarms {
  readonly #parts: AlarmParts

  constructor(parts: AlarmParts) {
    this.#parts = parts
  }

  integrity(finding: IntegrityFinding): void {
    const { what, kind, id, projectId } = finding
    this.#parts.log.fatal(
      { what, kind, id, project: projectId },
      'INTEGRITY ALARM: a stored record is not what was written; somebody changed the database, or it is damaged',
    )
    this.#parts.metrics.alarmed(kind)
    this.#parts.audit?.integrity(finding)
  }
}

/** A KEK that a process could use when it said so. */
export interface ReportedKek {
  readonly store: string
  readonly id: string
  readonly state: string
  readonly fingerprint: string
}

/** A process that serves on this database. */
export interface NodeReport {
  /** As ProcessMarks has it: at most 31 characters, of this process alone. */
  readonly id: string
  /** For people: host and process. */
  readonly name: string
  readonly release: string
  readonly keks: readonly ReportedKek[]
}

/** Goes up with every report: a node whose beat stands still is dead or cut off (ADR 0029). */
export type NodeSeen = NodeReport & { readonly beat: number }

export interface NodeRepository {
  /** By name. */
  all(): Promise<readonly NodeSeen[]>
  report(report: NodeReport): Promise<void>
  leave(id: string): Promise<void>
}

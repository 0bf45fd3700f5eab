import type { ShredFacts } from '../domain/ports/shredReports.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** What the facts mean depends on it. */
export interface ReportCircumstances {
  readonly deploymentId: string
  readonly database: 'sqlite' | 'mysql' | 'postgresql'
}

export const SHRED_REPORT_TYPE = 'gatehouse/shred-report/1'

/** From then on, what stands in the files of the database itself holds nothing of them. */
const BOUNDS: Readonly<Record<ReportCircumstances['database'], string>> = {
  sqlite:
    'Deleted bytes are overwritten in the database, and its write-ahead log is emptied within 60 seconds of the end, or when the last process closes the database.',
  mysql:
    'InnoDB overwrites the old versions of rows when its purge has passed them and their pages are used again; there is no bound in time. The redo log holds them until it has gone round.',
  postgresql:
    'Old versions of rows go with the next VACUUM of their tables, and their bytes when the pages are used again; the write-ahead log holds them until it is recycled.',
}

const EVERYWHERE = [
  'Backups and dumps of the database that were made before, wherever they are: destroy them, or the KEKs that opened them.',
  'Snapshots and copies of the disk or of the virtual machine, and blocks that a disk has put aside.',
  'What callers had read before, and what they made of it.',
]
const ON_SERVERS = [
  'Binary logs, write-ahead logs, undo logs and archives of the database server, until they expire there.',
  'Replicas and other members of a cluster, until they have followed.',
]

/** The report, as it is signed. */
export function shredReportOf(
  facts: ShredFacts,
  { deploymentId, database }: ReportCircumstances,
  signedAt: Timestamp,
) {
  return {
    type: SHRED_REPORT_TYPE,
    deployment_id: deploymentId,
    project_id: facts.projectId,
    asked_for_by: facts.source,
    noted_at: facts.notedAt,
    keys_destroyed_at: facts.keysDestroyedAt,
    finished_at: facts.finishedAt,
    signed_at: signedAt,
    destroyed_keys: facts.keys.map(({ id, store, term, kekId, commitment, createdAt }) => ({
      id,
      kek_store: store,
      term,
      kek_id: kekId,
      commitment,
      created_at: createdAt,
    })),
    removed: {
      secrets: facts.secrets,
      containers: facts.containers,
      orders: facts.orders,
      consumers: facts.consumers,
    },
    secret_ids_digest: `sum-of-sha256:${Buffer.from(facts.secretIdsDigest).toString('hex')}`,
    unreadable:
      'Every payload of the project was sealed under a data key wrapped by one of these project keys, which existed wrapped in the database and nowhere else. Their wrapped bytes were overwritten at keys_destroyed_at.',
    memory:
      'Other processes of the deployment forget what they had unwrapped at their next look, ten seconds later at most.',
    database,
    bound: BOUNDS[database],
    not_covered: database === 'sqlite' ? EVERYWHERE : [...EVERYWHERE, ...ON_SERVERS],
  }
}

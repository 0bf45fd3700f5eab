import type {
  DeletionSource,
  DeletionState,
  DeletionsSeen,
  DeletionTask,
  HeldDeletion,
  Lease,
  ProjectDeletion,
  ProjectDeletionRepository,
  ProjectPollRepository,
  ShredPlace,
  ShredStep,
} from '../domain/ports/projectDeletions.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { CommandRunner } from './commandRunner.ts'
import { IS_DUE } from './commands/projectDeletionCommands.ts'
import type { Reads } from './reads.ts'
import { projectIdIn, text, textOrNull, time, timeOrNull } from './rows/column.ts'
import type { Row } from './statement.ts'

const LIST =
  'select projects.project_id, projects.state, projects.source, projects.not_before from projects ' +
  "where projects.state <> 'live' order by projects.not_before, projects.project_id limit ?"
const DUE = `select projects.project_id from projects where ${IS_DUE} limit 1`
const KEYS_GONE =
  "select projects.project_id from projects where projects.state = 'shredding' " +
  "or (projects.state = 'shredded' and projects.finished_at >= ?)"

const OWNERS =
  'select distinct projects.lease_owner from projects ' +
  "where projects.state in ('doomed', 'shredding') and projects.lease_owner is not null"

const HELD =
  'select projects.project_id, projects.lease_owner, projects.lease_until from projects ' +
  "where projects.state in ('doomed', 'shredding') and projects.lease_until is not null " +
  'order by projects.lease_until limit 100'

const WITH_PROJECTS = ['project_keys', 'project_quotas', 'preferred_secret_stores']
const AFTER = `${WITH_PROJECTS.map(
  (table) => `select ${table}.project_id from ${table} where ${table}.project_id > ?`,
).join(' union ')} order by project_id limit ?`

export interface ProjectDeletionRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlProjectDeletionRepository
  implements ProjectDeletionRepository, ProjectPollRepository
{
  readonly #parts: ProjectDeletionRepositoryParts

  constructor(parts: ProjectDeletionRepositoryParts) {
    this.#parts = parts
  }

  async note(
    projectId: ProjectId,
    deletion: {
      readonly source: DeletionSource
      readonly now: Timestamp
      readonly notBefore: Timestamp
    },
  ): Promise<'noted' | 'known' | 'unknown'> {
    return this.#parts.commands.run('noteProjectDeletion', projectId, deletion)
  }

  async keep(projectId: ProjectId): Promise<'kept' | 'tooLate' | 'unknown'> {
    return this.#parts.commands.run('keepProject', projectId)
  }

  async list(limit: number): Promise<readonly ProjectDeletion[]> {
    return (await this.#parts.reads.all(LIST, limit)).map(deletionOfRow)
  }

  async look(now: Timestamp, goneSince: Timestamp): Promise<DeletionsSeen> {
    const { reads } = this.#parts
    const due = await reads.first(DUE, now, now)
    const gone = await reads.all(KEYS_GONE, goneSince)
    const owners = await reads.all(OWNERS)
    return {
      isAnythingDue: due !== undefined,
      keysGone: gone.map(projectIdIn),
      owners: owners.map((row) => text(row, 'lease_owner')),
    }
  }

  async releaseAllOf(owner: string): Promise<void> {
    return this.#parts.commands.run('releaseProjectDeletionsOf', owner)
  }

  async held(): Promise<readonly HeldDeletion[]> {
    const rows = await this.#parts.reads.all(HELD)
    return rows.map((row) => ({
      projectId: projectIdIn(row),
      owner: textOrNull(row, 'lease_owner'),
      until: time(row, 'lease_until'),
    }))
  }

  async free(seen: HeldDeletion): Promise<void> {
    return this.#parts.commands.run('freeProjectDeletion', seen)
  }

  async claim(lease: Lease, projectId?: ProjectId): Promise<DeletionTask | undefined> {
    return this.#parts.commands.run('claimProjectDeletion', lease, projectId)
  }

  async defer(projectId: ProjectId, lease: Lease): Promise<void> {
    return this.#parts.commands.run('deferProjectDeletion', projectId, lease)
  }

  async destroyKeys(projectId: ProjectId, lease: Lease): Promise<'lost' | number> {
    return this.#parts.commands.run('destroyProjectKeys', projectId, lease)
  }

  async shred(
    projectId: ProjectId,
    lease: Lease,
    limit: number,
    place: ShredPlace = {},
  ): Promise<ShredStep> {
    return this.#parts.commands.run('shredProject', projectId, lease, limit, place)
  }

  async claimPass(lease: Lease, dueBefore: Timestamp): Promise<boolean> {
    return this.#parts.commands.run('claimKeystonePoll', lease, dueBefore)
  }

  async endPass(lease: Lease, isComplete: boolean): Promise<void> {
    return this.#parts.commands.run('endKeystonePoll', lease, isComplete)
  }

  async projectsAfter(
    projectId: ProjectId | undefined,
    limit: number,
  ): Promise<readonly ProjectId[]> {
    const after = WITH_PROJECTS.map(() => projectId ?? '')
    return (await this.#parts.reads.all(AFTER, ...after, limit)).map(projectIdIn)
  }

  async markMissing(projectId: ProjectId, now: Timestamp): Promise<Timestamp | undefined> {
    return this.#parts.commands.run('markProjectMissing', projectId, now)
  }

  async markPresent(projectId: ProjectId): Promise<void> {
    return this.#parts.commands.run('markProjectPresent', projectId)
  }
}

function deletionOfRow(row: Row): ProjectDeletion {
  return {
    projectId: projectIdIn(row),
    state: text(row, 'state') as DeletionState,
    source: textOrNull(row, 'source') as DeletionSource | null,
    notBefore: timeOrNull(row, 'not_before'),
  }
}

import type { ContainerId, ProjectId, SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { StoredFacts } from '../../model/certificateFacts.ts'
import type { ContainerMember } from '../../model/container.ts'

/** How many stored certificates end when. Each is counted once. */
export interface CertificateCounts {
  readonly expired: number
  readonly within1Day: number
  readonly within7Days: number
  readonly within30Days: number
}

/** A warning that is due since `warnAt`. */
export interface DueWarning {
  readonly secretId: SecretId
  readonly projectId: ProjectId
  readonly notAfter: Timestamp
  readonly warnAt: Timestamp
}

export interface CertificateQuery {
  /** Certificates come by their end, then secret; what cannot be read by secret. */
  readonly kind: 'certificate' | 'unreadable'
  readonly projectId?: ProjectId
  /** Certificates alone: only what ends at or before this. */
  readonly endsBefore?: Timestamp
  /** The last of the page before. */
  readonly after?: StoredFacts
  /** Secrets that expired at or before this are not there. */
  readonly now: Timestamp
  readonly limit: number
}

export interface ContainerQuery {
  readonly projectId?: ProjectId
  readonly limit: number
  readonly offset: number
}

/** A container of type `certificate` with the members that are there, its MAC unchecked. */
export interface CertificateContainer {
  readonly id: ContainerId
  readonly projectId: ProjectId
  readonly members: readonly Pick<ContainerMember, 'name' | 'secretId'>[]
}

/** Where a survey of older payloads has come to. */
export interface SurveyPlace {
  readonly projectId: ProjectId
  readonly createdAt: Timestamp
  readonly secretId: SecretId
}

export interface UnreadPage {
  readonly unread: readonly SurveyPlace[]
  /** Where it ends; undefined: nothing comes after it. */
  readonly last: SurveyPlace | undefined
}

/**
 * Facts of certificates and keys. They are written with the payload they were read from (SecretRepository,
 * OrderTaskRepository) and go with its secret. What a secret that is gone has left behind is never shown.
 */
export interface CertificateRepository {
  ofSecrets(ids: readonly SecretId[]): Promise<ReadonlyMap<SecretId, StoredFacts>>
  list(query: CertificateQuery): Promise<readonly StoredFacts[]>
  /** By project, then creation. */
  containers(query: ContainerQuery): Promise<readonly CertificateContainer[]>
  /** @param within when the next day, week and 30 days are over */
  count(
    now: Timestamp,
    within: readonly [Timestamp, Timestamp, Timestamp],
  ): Promise<CertificateCounts>

  /** Warnings that were due at `now`, the oldest first; none of secrets that expired. */
  dueWarnings(now: Timestamp, limit: number): Promise<readonly DueWarning[]>
  /** Notes that somebody is warned, and when it is time for the next (null: never); of two that do, one is answered true. */
  noteWarning(warning: DueWarning, next: Timestamp | null): Promise<boolean>
  /** Removes facts whose secret is gone, from the first `limit` after this one. Where it has come to; undefined: to the end. */
  removeOrphans(
    after: SecretId | undefined,
    limit: number,
  ): Promise<{ readonly removed: number; readonly last: SecretId | undefined }>

  /** Of the `limit` secrets after this place, by project, creation and id, those whose payload may have facts and has none. */
  unread(after: SurveyPlace | undefined, limit: number): Promise<UnreadPage>
  countUnread(after: SurveyPlace | undefined): Promise<number>
  /** Those of type `certificate` that nobody has looked at. */
  countUnseen(projectId?: ProjectId): Promise<number>
  surveyPlace(): Promise<SurveyPlace | undefined>
  /** Facts of payloads that were stored before, and how far that has come; undefined: to the end. */
  noteSurvey(found: readonly StoredFacts[], place: SurveyPlace | undefined): Promise<void>
}

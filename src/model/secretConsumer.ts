import type { ConsumerId, ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** What uses a secret, as it named itself; once for a secret (contract 03). */
export interface SecretConsumerName {
  readonly service: string
  readonly resourceType: string
  readonly resourceId: string
}

/** A registered consumer. No MAC covers it: it grants nothing, it only asks that the secret stays. */
export interface SecretConsumer extends SecretConsumerName {
  readonly id: ConsumerId
  readonly secretId: SecretId
  /** Who registered it; not always the project of the secret. */
  readonly projectId: ProjectId
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

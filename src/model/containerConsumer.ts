import type { ConsumerId, ContainerId, ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** What the container itself shows of a consumer. */
export interface ConsumerName {
  readonly name: string
  readonly url: string
}

/** A service that says it uses a container (contract 03). Nothing depends on it, so no MAC covers it. */
export interface ContainerConsumer extends ConsumerName {
  readonly id: ConsumerId
  readonly containerId: ContainerId
  /** Who registered it: this project and the container's may remove it. */
  readonly projectId: ProjectId
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

import { after } from 'node:test'
import type { ProjectId } from '../../src/lib/ids.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import type { ServerKind } from '../support/serverDatabase.ts'
import { certificateRepositoryContract } from './certificateRepositoryContract.ts'
import { containerConsumerRepositoryContract } from './containerConsumerRepositoryContract.ts'
import { containerRepositoryContract } from './containerRepositoryContract.ts'
import { deploymentRepositoryContract } from './deploymentRepositoryContract.ts'
import { jobRepositoryContract } from './jobRepositoryContract.ts'
import { leaseRepositoryContract } from './leaseRepositoryContract.ts'
import { nodeRepositoryContract } from './nodeRepositoryContract.ts'
import { orderRepositoryContract } from './orderRepositoryContract.ts'
import { orderTaskRepositoryContract } from './orderTaskRepositoryContract.ts'
import { projectDeletionRepositoryContract } from './projectDeletionRepositoryContract.ts'
import { projectKeyRepositoryContract } from './projectKeyRepositoryContract.ts'
import { projectPollRepositoryContract } from './projectPollRepositoryContract.ts'
import { purgeRepositoryContract } from './purgeRepositoryContract.ts'
import { quotaRepositoryContract } from './quotaRepositoryContract.ts'
import { aProjectKey, NOW, newProjectId, Project } from './recordsForRepositories.ts'
import { rotationRepositoryContract } from './rotationRepositoryContract.ts'
import { secretConsumerRepositoryContract } from './secretConsumerRepositoryContract.ts'
import { secretMetadataRepositoryContract } from './secretMetadataRepositoryContract.ts'
import { secretRepositoryContract } from './secretRepositoryContract.ts'
import { secretRepositoryListContract } from './secretRepositoryListContract.ts'
import { secretStoreRepositoryContract } from './secretStoreRepositoryContract.ts'
import { transportKeyRepositoryContract } from './transportKeyRepositoryContract.ts'

/** Every contract of a repository, on a database of this kind; its tests keep to projects of their own. */
export function repositoryContracts(name: string, on: 'sqlite' | ServerKind): void {
  const cleanUps: (() => Promise<void>)[] = []
  after(() => Promise.all(cleanUps.map((cleanUp) => cleanUp())))

  const fresh = () => freshDatabase({ after: (work) => cleanUps.push(work) }, {}, on)
  const open = async () => {
    const { database, execute } = await fresh()
    return { ...database, execute }
  }

  secretRepositoryContract(name, open)
  secretRepositoryListContract(name, open)
  secretMetadataRepositoryContract(name, open)
  secretConsumerRepositoryContract(name, open)
  orderRepositoryContract(name, open)
  orderTaskRepositoryContract(name, open)
  containerRepositoryContract(name, open)
  containerConsumerRepositoryContract(name, open)
  quotaRepositoryContract(name, open)
  transportKeyRepositoryContract(name, open)
  purgeRepositoryContract(name, open)
  certificateRepositoryContract(name, open)
  projectDeletionRepositoryContract(name, open)
  projectPollRepositoryContract(name, open)
  leaseRepositoryContract(name, open)
  jobRepositoryContract(name, async () => (await fresh()).database)
  nodeRepositoryContract(name, async () => (await fresh()).database)
  rotationRepositoryContract(name, open)
  secretStoreRepositoryContract(name, async () => (await fresh()).database.secretStores)
  projectKeyRepositoryContract(name, async () => {
    const db = await open()
    return {
      projectKeys: db.projectKeys,
      leaveRecord: async (projectId: ProjectId, kind) => {
        const owner = await Project.make(db)
        if (kind === 'secret') await db.secrets.insert(owner.secret({ projectId }))
        else if (kind === 'container') {
          await db.containers.insert(owner.container({ projectId }), NOW)
        } else await db.orders.place(owner.order({ projectId }), undefined)
      },
    }
  })
  deploymentRepositoryContract(name, async () => {
    const db = await open()
    return {
      deployment: db.deployment,
      makeProjectKey: async () => {
        await db.projectKeys.activate(aProjectKey(newProjectId()))
      },
    }
  })
}

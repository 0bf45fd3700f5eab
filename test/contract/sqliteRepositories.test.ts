import { after } from 'node:test'
import { ThreadedLists } from '../../src/db/threadedLists.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { MemoryDeployment, MemoryProjectKeys } from '../support/memoryProjectKeys.ts'
import { containerConsumerRepositoryContract } from './containerConsumerRepositoryContract.ts'
import { containerRepositoryContract } from './containerRepositoryContract.ts'
import { deploymentRepositoryContract } from './deploymentRepositoryContract.ts'
import { orderRepositoryContract } from './orderRepositoryContract.ts'
import { orderTaskRepositoryContract } from './orderTaskRepositoryContract.ts'
import { projectKeyRepositoryContract } from './projectKeyRepositoryContract.ts'
import { purgeRepositoryContract } from './purgeRepositoryContract.ts'
import { quotaRepositoryContract } from './quotaRepositoryContract.ts'
import {
  aProjectKey,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'
import { secretConsumerRepositoryContract } from './secretConsumerRepositoryContract.ts'
import { secretMetadataRepositoryContract } from './secretMetadataRepositoryContract.ts'
import { secretRepositoryContract } from './secretRepositoryContract.ts'
import { secretRepositoryListContract } from './secretRepositoryListContract.ts'
import { secretStoreRepositoryContract } from './secretStoreRepositoryContract.ts'
import { transportKeyRepositoryContract } from './transportKeyRepositoryContract.ts'

// One database for a suite: its tests keep to projects of their own.
const cleanUps: (() => Promise<void>)[] = []
after(() => Promise.all(cleanUps.map((cleanUp) => cleanUp())))

const openSqlite = async (): Promise<RepositoriesUnderTest> => {
  const { database, execute } = await freshDatabase({ after: (work) => cleanUps.push(work) })
  return { ...database, execute }
}

/** As for projects too large to be listed beside the requests. */
const openSqliteWithListsAside = async (): Promise<RepositoriesUnderTest> => {
  const collect = { after: (work: () => Promise<void>) => cleanUps.push(work) }
  const { database, execute, path } = await freshDatabase(collect)
  const lists = new ThreadedLists({ path })
  cleanUps.unshift(() => lists.close())
  const { secrets, containers, orders } = database
  return {
    ...database,
    secrets: {
      find: (id) => secrets.find(id),
      insert: (secret) => secrets.insert(secret),
      storePayload: (mac, secret) => secrets.storePayload(mac, secret),
      replaceAcl: (mac, secret) => secrets.replaceAcl(mac, secret),
      remove: (id, mac, at, consumers) => secrets.remove(id, mac, at, consumers),
      list: (query) => lists.secrets(query),
    },
    containers: {
      find: (id) => containers.find(id),
      insert: (container, now) => containers.insert(container, now),
      replaceMembers: (mac, container, added) => containers.replaceMembers(mac, container, added),
      replaceAcl: (mac, container) => containers.replaceAcl(mac, container),
      remove: (id, mac, deletedAt) => containers.remove(id, mac, deletedAt),
      list: (query) => lists.containers(query),
    },
    orders: {
      find: (projectId, id) => orders.find(projectId, id),
      place: (order, secret) => orders.place(order, secret),
      remove: (id, mac, deletedAt) => orders.remove(id, mac, deletedAt),
      list: (query) => lists.orders(query),
    },
    execute,
  }
}

secretRepositoryContract('SQLite', openSqlite)
secretRepositoryListContract('SQLite', openSqlite)
secretRepositoryListContract('SQLite, lists in their thread', openSqliteWithListsAside)
orderRepositoryContract('SQLite, lists in their thread', openSqliteWithListsAside)
secretMetadataRepositoryContract('SQLite', openSqlite)
secretConsumerRepositoryContract('SQLite', openSqlite)
orderRepositoryContract('SQLite', openSqlite)
orderTaskRepositoryContract('SQLite', openSqlite)
containerRepositoryContract('SQLite', openSqlite)
containerRepositoryContract('SQLite, lists in their thread', openSqliteWithListsAside)
containerConsumerRepositoryContract('SQLite', openSqlite)
quotaRepositoryContract('SQLite', openSqlite)
transportKeyRepositoryContract('SQLite', openSqlite)
purgeRepositoryContract('SQLite', openSqlite)

secretStoreRepositoryContract('SQLite', async () => {
  const { database } = await freshDatabase({ after: (work) => cleanUps.push(work) })
  return database.secretStores
})

projectKeyRepositoryContract('SQLite', async () => {
  const db = await openSqlite()
  return {
    projectKeys: db.projectKeys,
    leaveRecord: async (projectId: ProjectId, kind) => {
      const owner = await Project.make(db)
      if (kind === 'secret') await db.secrets.insert(owner.secret({ projectId }))
      else if (kind === 'container') await db.containers.insert(owner.container({ projectId }), NOW)
      else await db.orders.place(owner.order({ projectId }), undefined)
    },
  }
})
projectKeyRepositoryContract('memory', async () => {
  const projectKeys = new MemoryProjectKeys()
  return {
    projectKeys,
    leaveRecord: async (projectId: ProjectId) => {
      projectKeys.projectsWithRecords.add(projectId)
    },
  }
})

deploymentRepositoryContract('SQLite', async () => {
  const db = await openSqlite()
  return {
    deployment: db.deployment,
    makeProjectKey: async () => {
      await db.projectKeys.activate(aProjectKey(newProjectId()))
    },
  }
})
deploymentRepositoryContract('memory', async () => {
  const deployment = new MemoryDeployment()
  return {
    deployment,
    makeProjectKey: async () => {
      deployment.state = { ...deployment.state, storesInUse: ['keyring'] }
    },
  }
})

import { after } from 'node:test'
import { ThreadedLists } from '../../src/db/threadedLists.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { MemoryDeployment, MemoryProjectKeys } from '../support/memoryProjectKeys.ts'
import { containerRepositoryContract } from './containerRepositoryContract.ts'
import { deploymentRepositoryContract } from './deploymentRepositoryContract.ts'
import { orderRepositoryContract } from './orderRepositoryContract.ts'
import { projectKeyRepositoryContract } from './projectKeyRepositoryContract.ts'
import type { RepositoriesUnderTest } from './recordsForRepositories.ts'
import { repositoryContracts } from './repositoryContracts.ts'
import { secretRepositoryListContract } from './secretRepositoryListContract.ts'

const cleanUps: (() => Promise<void>)[] = []
after(() => Promise.all(cleanUps.map((cleanUp) => cleanUp())))

/** As for projects too large to be listed beside the requests. */
const openSqliteWithListsAside = async (): Promise<RepositoriesUnderTest> => {
  const collect = { after: (work: () => Promise<void>) => cleanUps.push(work) }
  const { database, execute, path } = await freshDatabase(collect, {}, 'sqlite')
  const lists = new ThreadedLists({ path })
  cleanUps.unshift(() => lists.close())
  const { secrets, containers, orders } = database
  return {
    ...database,
    secrets: {
      find: (id) => secrets.find(id),
      facts: (id) => secrets.facts(id),
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

repositoryContracts('SQLite', 'sqlite')

secretRepositoryListContract('SQLite, lists in their thread', openSqliteWithListsAside)
orderRepositoryContract('SQLite, lists in their thread', openSqliteWithListsAside)
containerRepositoryContract('SQLite, lists in their thread', openSqliteWithListsAside)

projectKeyRepositoryContract('memory', async () => {
  const projectKeys = new MemoryProjectKeys()
  return {
    projectKeys,
    leaveRecord: async (projectId: ProjectId) => {
      projectKeys.projectsWithRecords.add(projectId)
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

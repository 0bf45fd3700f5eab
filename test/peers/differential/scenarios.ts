import type { Scenario } from './scenario.ts'
import { aclDocuments, roles } from './scenarios/acls.ts'
import { containerConsumers, foreignConsumers, secretConsumers } from './scenarios/consumers.ts'
import { containerSecrets } from './scenarios/containerSecrets.ts'
import { containerLists, containers } from './scenarios/containers.ts'
import { discovery } from './scenarios/discovery.ts'
import { accepts, bodies, ids, methods } from './scenarios/hostile.ts'
import { mixedLife } from './scenarios/mixedLife.ts'
import { asymmetricOrders, keyOrders, orderLists } from './scenarios/orders.ts'
import { quotaEnforcement, quotas } from './scenarios/quotas.ts'
import { payloadTypes, payloadValues, secretCreation } from './scenarios/secretCreation.ts'
import { secretLists } from './scenarios/secretLists.ts'
import { secretMetadata } from './scenarios/secretMetadata.ts'
import { payloadAccept, payloadUpload, secretLife } from './scenarios/secretPayloads.ts'
import { secretStores } from './scenarios/secretStores.ts'
import { transportKeys } from './scenarios/transportKeys.ts'

export const ofOneStore: readonly Scenario[] = [
  discovery,
  secretCreation,
  payloadTypes,
  payloadValues,
  payloadUpload,
  payloadAccept,
  secretLife,
  secretLists,
  secretMetadata,
  keyOrders,
  orderLists,
  asymmetricOrders,
  containers,
  containerLists,
  containerSecrets,
  containerConsumers,
  secretConsumers,
  foreignConsumers,
  aclDocuments,
  quotas,
  quotaEnforcement,
  transportKeys,
  secretStores,
  roles,
  mixedLife,
  methods,
  ids,
  bodies,
  accepts,
]

/** What is different once there are several stores to choose from. */
export const ofManyStores: readonly Scenario[] = [
  { ...secretStores, name: 'secret stores, where there may be many' },
]

import type { Scenario } from './scenario.ts'
import { discovery } from './scenarios/discovery.ts'
import { accepts, bodies, ids, methods } from './scenarios/hostile.ts'
import { asymmetricOrders, keyOrders, orderLists } from './scenarios/orders.ts'
import { payloadTypes, payloadValues, secretCreation } from './scenarios/secretCreation.ts'
import { secretLists } from './scenarios/secretLists.ts'
import { secretMetadata } from './scenarios/secretMetadata.ts'
import { payloadAccept, payloadUpload, secretLife } from './scenarios/secretPayloads.ts'

export const scenarios: readonly Scenario[] = [
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
  methods,
  ids,
  bodies,
  accepts,
]

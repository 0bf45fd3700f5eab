import { acls } from '../resources/acls.ts'
import { certificates } from '../resources/certificates.ts'
import { consumers } from '../resources/consumers.ts'
import { containers } from '../resources/containers.ts'
import { discovery } from '../resources/discovery.ts'
import { orders } from '../resources/orders.ts'
import { quotas } from '../resources/quotas.ts'
import { secretMetadata } from '../resources/secretMetadata.ts'
import { secretStores } from '../resources/secretStores.ts'
import { secrets } from '../resources/secrets.ts'
import { transportKeys } from '../resources/transportKeys.ts'
import type { Resource } from './described.ts'

/** Every page, in the order of the index. */
export const RESOURCES: readonly Resource[] = [
  secrets,
  secretMetadata,
  containers,
  certificates,
  consumers,
  orders,
  acls,
  quotas,
  secretStores,
  transportKeys,
  discovery,
]

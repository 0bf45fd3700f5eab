import type { Acls } from '../../src/domain/acls.ts'
import type { Certificates } from '../../src/domain/certificates.ts'
import type { ContainerConsumers } from '../../src/domain/containerConsumers.ts'
import type { Containers } from '../../src/domain/containers.ts'
import type { Orders } from '../../src/domain/orders.ts'
import type { ProjectQuotaSettings } from '../../src/domain/quotas.ts'
import type { SecretConsumers } from '../../src/domain/secretConsumers.ts'
import type { SecretMetadata } from '../../src/domain/secretMetadata.ts'
import type { SecretStores } from '../../src/domain/secretStores.ts'
import type { Secrets } from '../../src/domain/secrets.ts'
import type { TransportKeys } from '../../src/domain/transportKeys.ts'
import { containerAclRoutes, secretAclRoutes } from '../../src/http/resources/acls.ts'
import { certificateRoutes } from '../../src/http/resources/certificates.ts'
import { containerConsumerRoutes } from '../../src/http/resources/containerConsumers.ts'
import { containerRoutes } from '../../src/http/resources/containers.ts'
import { orderRoutes } from '../../src/http/resources/orders.ts'
import { quotaRoutes } from '../../src/http/resources/quotas.ts'
import { secretConsumerRoutes } from '../../src/http/resources/secretConsumers.ts'
import { secretMetadataRoutes } from '../../src/http/resources/secretMetadata.ts'
import { secretStoreRoutes } from '../../src/http/resources/secretStores.ts'
import { secretRoutes } from '../../src/http/resources/secrets.ts'
import { transportKeyRoutes } from '../../src/http/resources/transportKeys.ts'
import type { Route } from '../../src/http/route.ts'
import type { Container } from '../../src/model/container.ts'
import type { Secret } from '../../src/model/secret.ts'

/** The route records without anything behind them: to read, not to call. */
export function allRoutes(): readonly Route[] {
  const paging = { defaultLimit: 10, maxLimit: 100 }
  return [
    ...secretRoutes({} as Secrets, { paging, maxPayloadBytes: 20_000, nameless: 'null' }),
    ...orderRoutes({} as Orders, paging),
    ...containerRoutes({} as Containers, paging),
    ...containerConsumerRoutes({} as ContainerConsumers, paging),
    ...secretMetadataRoutes({} as SecretMetadata),
    ...secretConsumerRoutes({} as SecretConsumers, { paging, nameless: 'null' }),
    ...secretAclRoutes({} as Acls<Secret>),
    ...containerAclRoutes({} as Acls<Container>),
    ...certificateRoutes({} as Certificates),
    ...secretStoreRoutes({} as SecretStores),
    ...quotaRoutes({} as ProjectQuotaSettings, paging),
    ...transportKeyRoutes({} as TransportKeys, paging),
  ]
}

import type { Orders } from '../../src/domain/orders.ts'
import type { SecretMetadata } from '../../src/domain/secretMetadata.ts'
import type { Secrets } from '../../src/domain/secrets.ts'
import { orderRoutes } from '../../src/http/resources/orders.ts'
import { secretMetadataRoutes } from '../../src/http/resources/secretMetadata.ts'
import { secretRoutes } from '../../src/http/resources/secrets.ts'
import type { Route } from '../../src/http/route.ts'

/** The route records without anything behind them: to read, not to call. */
export function allRoutes(): readonly Route[] {
  const paging = { defaultLimit: 10, maxLimit: 100 }
  return [
    ...secretRoutes({} as Secrets, { paging, maxPayloadBytes: 20_000, nameless: 'null' }),
    ...orderRoutes({} as Orders, paging),
    ...secretMetadataRoutes({} as SecretMetadata),
  ]
}

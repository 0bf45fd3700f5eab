import type { Settings } from '../config/settingsTable.ts'
import type { Primitive, PrimitiveUse } from '../crypto/primitives.ts'
import { primitivesFor } from '../crypto/selfTest.ts'

/** What a server with these settings calls. */
export function primitivesOfSettings(settings: Settings): readonly Primitive[] {
  const { DEFAULT, kekStores, token } = settings
  const uses = new Set<PrimitiveUse>()
  if (settings.gatehouse.order_worker) uses.add('orders').add('issuers')
  if (kekStores.some(wantsPassphrase)) uses.add('passphrase')
  if (DEFAULT.auth_strategy === 'token') {
    uses.add('tokens')
    if (token.jwks_url !== undefined) uses.add('issuers')
  }
  return primitivesFor(uses)
}

function wantsPassphrase({ options }: Settings['kekStores'][number]): boolean {
  return 'protection' in options && options.protection === 'passphrase'
}

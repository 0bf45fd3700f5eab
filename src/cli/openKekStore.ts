import type { KekStoreKind, KekStoreSettings } from '../config/kekStoreKinds.ts'
import { openKeyringFile } from '../crypto/kek/keyringFile.ts'
import type { KekStore } from '../domain/ports/crypto.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { keyringProtection } from './keyringOfSettings.ts'

interface Around {
  /** What the database says; undefined while there is none. */
  readonly deployment: Pick<DeploymentState, 'canaries' | 'storesInUse'> | undefined
  /** Only a server that starts makes what is missing. */
  readonly mayCreate: boolean
  readonly clock: Clock
}

type Opener<Kind extends KekStoreKind> = (
  settings: Extract<KekStoreSettings, { readonly kind: Kind }>,
  around: Around,
) => Promise<KekStore>

const OPENERS: { readonly [Kind in KekStoreKind]: Opener<Kind> } = {
  keyring: ({ name, options }, { deployment, mayCreate, clock }) => {
    const canaries = deployment?.canaries.filter(({ store }) => store === name) ?? []
    const isKnown = canaries.length > 0 || deployment?.storesInUse.includes(name) === true
    return openKeyringFile({
      name,
      path: options.file,
      protection: keyringProtection(options),
      mayCreate: mayCreate && !isKnown,
      wantedFingerprints: canaries.map(({ fingerprint }) => fingerprint),
      clock,
    })
  },
}

/** @throws StartupRefusal with one sentence for whatever keeps it from opening */
export function openKekStore(settings: KekStoreSettings, around: Around): Promise<KekStore> {
  return OPENERS[settings.kind](settings, around)
}

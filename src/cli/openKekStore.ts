import { existsSync } from 'node:fs'
import type { KekStoreKind, KekStoreSettings } from '../config/kekStoreKinds.ts'
import { openKeyringFile } from '../crypto/kek/keyringFile.ts'
import { openPkcs11 } from '../crypto/kek/pkcs11/openPkcs11.ts'
import { SealableKeyring, type SealableKeyringParts } from '../crypto/kek/sealableKeyring.ts'
import { openSimpleCrypto } from '../crypto/kek/simpleCrypto.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { AroundStore } from './aroundStore.ts'
import { openAwsOfSettings } from './awsOfSettings.ts'
import { keyringProtection } from './keyringOfSettings.ts'
import { openKmipOfSettings } from './kmipOfSettings.ts'
import { pkcs11Request } from './pkcs11OfSettings.ts'
import { type Asking, keyFromShares } from './shareInput.ts'
import { openTransitOfSettings } from './transitOfSettings.ts'

interface Opener<Kind extends KekStoreKind> {
  readonly open: (settings: Of<Kind>, around: AroundStore) => Promise<CapableKekStore>
  /** Why there is nothing to open yet, for a store that a first start makes. */
  readonly notMadeYet?: (settings: Of<Kind>) => string | undefined
}

type Of<Kind extends KekStoreKind> = Extract<KekStoreSettings, { readonly kind: Kind }>

const OPENERS: { readonly [Kind in KekStoreKind]: Opener<Kind> } = {
  keyring: {
    open: ({ name, options }, { deployment, mayCreate, clock, asking }) => {
      const canaries = deployment?.canaries.filter(({ store }) => store === name) ?? []
      const isKnown = canaries.length > 0 || deployment?.storesInUse.includes(name) === true
      const request = {
        name,
        path: options.file,
        wantedFingerprints: canaries.map(({ fingerprint }) => fingerprint),
        clock,
      }
      if (options.protection === 'shares') return openShared(request, asking)
      return openKeyringFile({
        ...request,
        protection: keyringProtection(options, options.protection),
        mayCreate: mayCreate && !isKnown,
      })
    },
    notMadeYet: ({ name, options: { file, protection } }) =>
      existsSync(file)
        ? undefined
        : `There is no ${name} at ${file} yet: ${protection === 'shares' ? '`gatehouse kek seal`' : 'the first `gatehouse serve`'} makes it.`,
  },
  pkcs11: {
    open: (settings, around) => {
      const { onEvent, mayCreate } = around
      const request = pkcs11Request(settings, around)
      // A server that starts may be before its HSM; whoever types a command wants to know now.
      return openPkcs11({ ...request, onEvent, patienceMs: mayCreate ? request.patienceMs : 0 })
    },
  },
  simple_crypto: {
    open: async ({ name, options }) => openSimpleCrypto({ name, keks: options.kek }),
  },
  kmip: { open: openKmipOfSettings },
  transit: { open: openTransitOfSettings },
  awskms: { open: openAwsOfSettings },
}

async function openShared(
  request: SealableKeyringParts & { readonly name: string },
  asking: Asking | undefined,
): Promise<CapableKekStore> {
  const keyring = await SealableKeyring.open(request)
  if (asking === undefined) return keyring
  const key = await keyFromShares(request.path, request.name, asking)
  // A verb that wants canaries compared does so with all stores together.
  await keyring.unseal(key, async () => undefined)
  return keyring
}

/** @throws StartupRefusal with one sentence for whatever keeps it from opening */
export function openKekStore(
  settings: KekStoreSettings,
  around: AroundStore,
): Promise<CapableKekStore> {
  return openerOf(settings).open(settings, around)
}

/** Why a store that no database knows is not there to be opened; undefined when it is. */
export function notMadeYet(settings: KekStoreSettings): string | undefined {
  return openerOf(settings).notMadeYet?.(settings)
}

function openerOf({ kind }: KekStoreSettings): Opener<KekStoreKind> {
  // Settings go to the opener of their own kind, which is what it takes.
  return OPENERS[kind] as unknown as Opener<KekStoreKind>
}

import {
  KEK_STORE_KINDS,
  type KekStoreSettings,
  type SectionValues,
  sectionOfStore,
} from './kekStoreKinds.ts'
import { awskmsSection } from './sections/awskms.ts'
import { defaultSection } from './sections/default.ts'
import { keyringSection, projectKeysSection } from './sections/keys.ts'
import { keystoneAuthtokenSection } from './sections/keystoneAuthtoken.ts'
import { kmipSection } from './sections/kmip.ts'
import { housekeepingSection, quotasSection } from './sections/limits.ts'
import { listenerSection } from './sections/listener.ts'
import {
  keystoneNotificationsSection,
  messagingNotificationsSection,
  messagingRabbitSection,
} from './sections/messaging.ts'
import { pkcs11Section } from './sections/pkcs11.ts'
import { policySection } from './sections/policy.ts'
import { rateLimitsSection } from './sections/rateLimits.ts'
import { rotationSection } from './sections/rotation.ts'
import {
  secretstoreSection,
  secretstoreSuffixSection,
  simpleCryptoSection,
} from './sections/secretStores.ts'
import {
  adminSection,
  corsSection,
  databaseSection,
  gatehouseSection,
  healthcheckSection,
  middlewareSection,
} from './sections/service.ts'
import { sslNameSection, sslSection } from './sections/ssl.ts'
import { tokenSection } from './sections/token.ts'
import { tokenCacheSection } from './sections/tokenCache.ts'
import { transitSection } from './sections/transit.ts'
import type { Setting } from './setting.ts'

/** Every option there is. Type, loader, sample file and documentation come from here. */
export const SETTINGS_TABLE = {
  DEFAULT: defaultSection,
  ssl: sslSection,
  listener: listenerSection,
  database: databaseSection,
  keystone_authtoken: keystoneAuthtokenSection,
  token_cache: tokenCacheSection,
  token: tokenSection,
  oslo_policy: policySection,
  oslo_middleware: middlewareSection,
  cors: corsSection,
  healthcheck: healthcheckSection,
  keyring: keyringSection,
  pkcs11: pkcs11Section,
  kmip: kmipSection,
  transit: transitSection,
  awskms: awskmsSection,
  secretstore: secretstoreSection,
  simple_crypto_plugin: simpleCryptoSection,
  project_keys: projectKeysSection,
  rotation: rotationSection,
  quotas: quotasSection,
  rate_limits: rateLimitsSection,
  housekeeping: housekeepingSection,
  keystone_notifications: keystoneNotificationsSection,
  oslo_messaging_notifications: messagingNotificationsSection,
  oslo_messaging_rabbit: messagingRabbitSection,
  admin: adminSection,
  gatehouse: gatehouseSection,
}

/** Sections no other service has, or whose every option is ours too: an unknown one can only be a mistake. */
const OWN_SECTIONS: ReadonlySet<string> = new Set([
  'ssl',
  'listener',
  'token',
  'token_cache',
  'keyring',
  'pkcs11',
  'kmip',
  'transit',
  'awskms',
  'project_keys',
  'rotation',
  'housekeeping',
  'rate_limits',
  'admin',
  'gatehouse',
])

type Table = typeof SETTINGS_TABLE

/** The sections that everybody has. */
export type Sections = { readonly [S in keyof Table]: SectionValues<Table[S]> }

export interface SecretStoreSettings extends SectionValues<typeof secretstoreSuffixSection> {
  readonly suffix: string
  /** Name of its KEK store, chosen or by default. */
  readonly kekStoreName: string
}

/** A certificate that the API's listener shows, and whom it asks for one. */
export interface CertificateSettings {
  /** `default`, or what stands behind `ssl:`. */
  readonly name: string
  /** Lower case; a first label may be `*`. None for the default. */
  readonly serverNames: readonly string[]
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string | undefined
  readonly clientCertificates: 'none' | 'optional' | 'required'
  readonly clientNames: readonly string[]
}

/** What the rest of the house gets: typed, complete, and right. */
export type Settings = Sections & {
  /** [secretstore:SUFFIX], in the order of stores_lookup_suffix; none unless several are enabled. */
  readonly secretStores: readonly SecretStoreSettings[]
  /** The KEK stores to open: one unless several secret stores are enabled. */
  readonly kekStores: readonly KekStoreSettings[]
  /** The default first; none where the API speaks HTTP. */
  readonly certificates: readonly CertificateSettings[]
}

export interface KnownOption {
  readonly section: string
  readonly name: string
  readonly setting: Setting<unknown>
}

type Options = Readonly<Record<string, Setting<unknown>>>

export function optionsOf(section: string, options: Options): readonly KnownOption[] {
  return Object.entries(options).map(([name, setting]) => ({ section, name, setting }))
}

/** The table as a list, in the order of the documentation. */
export const KNOWN_OPTIONS: readonly KnownOption[] = Object.entries(SETTINGS_TABLE).flatMap(
  ([section, options]) => optionsOf(section, options),
)

/** Sections whose names an operator completes. */
const COMPLETED_SECTIONS: readonly (readonly [after: string, section: string, Options])[] = [
  ['ssl', 'ssl:NAME', sslNameSection],
  ['secretstore', 'secretstore:SUFFIX', secretstoreSuffixSection],
  ...Object.entries(KEK_STORE_KINDS).map(
    ([kind, { optionsOf: options }]) =>
      [sectionOfStore(kind), sectionOfStore(`${kind}:NAME`), options('NAME')] as const,
  ),
]

/** All that is documented: `KNOWN_OPTIONS`, and behind each section those that complete its name. */
export const DOCUMENTED_OPTIONS: readonly KnownOption[] = Object.entries(SETTINGS_TABLE).flatMap(
  ([section, options]) => [
    ...optionsOf(section, options),
    ...COMPLETED_SECTIONS.flatMap(([after, name, completed]) =>
      after === section ? optionsOf(name, completed) : [],
    ),
  ],
)

/** Is an unknown option in this section always a mistake? */
export function isOwnSection(section: string): boolean {
  return OWN_SECTIONS.has(section.split(':', 1)[0] ?? '')
}

import { AWSKMS_CHECKS } from './awskmsChecks.ts'
import { KEYRING_CHECKS } from './keyringChecks.ts'
import { KMIP_CHECKS } from './kmipChecks.ts'
import { PKCS11_CHECKS, type Pkcs11Options } from './pkcs11Checks.ts'
import { awskmsSection } from './sections/awskms.ts'
import { furtherKeyringSection, keyringSection } from './sections/keys.ts'
import { kmipSection } from './sections/kmip.ts'
import { furtherPkcs11Section, pkcs11Section } from './sections/pkcs11.ts'
import { simpleCryptoSection } from './sections/secretStores.ts'
import { transitSection } from './sections/transit.ts'
import type { Setting } from './setting.ts'
import { publicKekWarning, SIMPLE_CRYPTO_CHECKS } from './simpleCryptoChecks.ts'
import { TRANSIT_CHECKS } from './transitChecks.ts'

type Options = Readonly<Record<string, Setting<unknown>>>
type ValueOf<S> = S extends Setting<infer T> ? T : never
export type SectionValues<Section> = { readonly [O in keyof Section]: ValueOf<Section[O]> }

/** What one option of a store alone cannot tell. */
export interface StoreCheck<Values> {
  readonly option: keyof Values & string
  /** What is wrong, undefined when nothing is. */
  readonly judge: (options: Values) => string | undefined
}

interface Kind<Section extends Options> {
  /** Barbican's words for what is like it, and our own. */
  readonly cryptoPlugins: readonly string[]
  /** What a secret store over it is called when nobody says; [simple_crypto_plugin] plugin_name unless given. */
  readonly secretStoreName?: string
  /** The options of the only store of this kind, in [KIND]. */
  readonly options: Section
  /** Those of [KIND:NAME]. */
  readonly optionsOf: (name: string) => Section
  readonly checks: readonly StoreCheck<SectionValues<Section>>[]
  /** An option in which two stores of this kind must differ, or they would be one. */
  readonly distinct?: keyof Section & string
  /** Where it is, when that option alone does not tell: two stores of one kind must differ in it. */
  readonly place?: (options: SectionValues<Section>) => string
  /** What the log of a start and `kek status` tell of it: where it is, never a secret. */
  readonly facts: (options: SectionValues<Section>) => Readonly<Record<string, string>>
  /** Said at every start, behind its section; undefined when there is nothing to warn of. */
  readonly warning: (options: SectionValues<Section>, isCloud: boolean) => string | undefined
}

function kind<const Section extends Options>(entry: Kind<Section>): Kind<Section> {
  return entry
}

/**
 * The kinds of KEK store. [KIND] holds the options of the one that a deployment with one secret store
 * uses, [KIND:NAME] those of further ones. A new kind is an entry here, a section in the table of
 * settings, and an opener in cli/openKekStore.ts.
 */
export const KEK_STORE_KINDS = {
  keyring: kind({
    cryptoPlugins: ['simple_crypto', 'keyring'],
    options: keyringSection,
    optionsOf: furtherKeyringSection,
    checks: KEYRING_CHECKS,
    distinct: 'file',
    facts: ({ file, protection }) => ({ file, protection }),
    warning: ({ protection }, isCloud) =>
      protection === 'plain' && isCloud
        ? 'protection is plain: whoever reads the keyring file and the database reads every secret.'
        : undefined,
  }),
  pkcs11: kind({
    cryptoPlugins: ['p11_crypto', 'pkcs11'],
    options: pkcs11Section,
    optionsOf: () => furtherPkcs11Section,
    checks: PKCS11_CHECKS,
    distinct: 'mkek_label',
    place: (options) => `${options.mkek_label} in ${tokenOf(options)} of ${options.library_path}`,
    facts: (options) => ({
      library: options.library_path ?? '',
      token: tokenOf(options),
      label: options.mkek_label ?? '',
      opensOnly: options.decrypt_labels.join(', '),
    }),
    warning: ({ key_wrap_mechanism: mechanism }) =>
      mechanism === 'CKM_AES_CBC_PAD'
        ? 'key_wrap_mechanism is CKM_AES_CBC_PAD, which does not notice a changed bit: project keys are wrapped by AES-GCM or AES-KWP instead.'
        : undefined,
  }),
  simple_crypto: kind({
    // `crypto_plugin = simple_crypto` has always meant a keyring here: this one is chosen by name alone.
    cryptoPlugins: [],
    options: simpleCryptoSection,
    optionsOf: () => simpleCryptoSection,
    checks: SIMPLE_CRYPTO_CHECKS,
    place: () => 'the kek lines of the settings',
    facts: ({ kek }) => ({ lines: String(kek.length) }),
    warning: ({ kek }) => publicKekWarning(kek),
  }),
  kmip: kind({
    cryptoPlugins: ['kmip'],
    secretStoreName: 'KMIP',
    options: kmipSection,
    optionsOf: () => kmipSection,
    checks: KMIP_CHECKS,
    distinct: 'key_name',
    place: ({ host, port, key_name: key }) => `${key} at ${host}:${port}`,
    facts: ({ host, port, key_name: key, wrapping }) => ({
      server: `${host}:${port}`,
      key,
      wrapping,
    }),
    warning: () => undefined,
  }),
  transit: kind({
    cryptoPlugins: ['transit'],
    secretStoreName: 'Transit',
    options: transitSection,
    optionsOf: () => transitSection,
    checks: TRANSIT_CHECKS,
    distinct: 'key_name',
    place: ({ vault_url: url, namespace = '', transit_mountpoint: mount, key_name: key }) =>
      `${namespace === '' ? '' : `${namespace} `}${mount}/keys/${key} at ${url}`,
    facts: ({ vault_url: server, transit_mountpoint: mount, key_name: key }) => ({
      server,
      key: `${mount}/keys/${key}`,
    }),
    warning: ({ vault_url: url }) =>
      isClearText(url)
        ? 'vault_url is http: who listens in reads every project key and the token.'
        : undefined,
  }),
  awskms: kind({
    cryptoPlugins: ['awskms'],
    secretStoreName: 'AWS KMS',
    options: awskmsSection,
    optionsOf: () => awskmsSection,
    checks: AWSKMS_CHECKS,
    distinct: 'key_id',
    place: ({ key_id: key = '', region = '', endpoint_url: endpoint }) =>
      `${key} at ${endpoint ?? `AWS KMS in ${region}`}`,
    facts: ({ key_id: key = '', region = '', endpoint_url: endpoint }) => ({
      key,
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
    }),
    warning: ({ endpoint_url: url }) =>
      url !== undefined && isClearText(url)
        ? 'endpoint_url is http: who listens in reads every project key.'
        : undefined,
  }),
} as const

function tokenOf(options: Pkcs11Options): string {
  const { token_serial_number: serial, token_labels: labels, slot_id: slot } = options
  if (serial !== undefined) return `token ${serial}`
  if (labels.length > 0) return `token ${labels.join(' or ')}`
  return slot === undefined ? 'the only token' : `slot ${slot}`
}

/** What goes over the wire unsealed, and further than this machine. */
function isClearText(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}

export type KekStoreKind = keyof typeof KEK_STORE_KINDS
export const KEK_STORE_KIND_NAMES = Object.keys(KEK_STORE_KINDS) as readonly KekStoreKind[]

/** One KEK store to open. */
export type KekStoreSettings = {
  [Kind in KekStoreKind]: {
    readonly kind: Kind
    /** `keyring`, `keyring:NAME`: what the rows of project keys call it. */
    readonly name: string
    readonly options: SectionValues<(typeof KEK_STORE_KINDS)[Kind]['options']>
  }
}[KekStoreKind]

/** A store with the options of its own kind, which is what a resolver gives for the sections of that kind. */
export function kekStoreOf(
  kind: KekStoreKind,
  name: string,
  options: KekStoreSettings['options'],
): KekStoreSettings {
  return { kind, name, options } as KekStoreSettings
}

/** The entry of a store's kind, for code that is the same for all of them. */
export function kindOf({ kind: name }: Pick<KekStoreSettings, 'kind'>): Kind<Options> {
  // A store's options are those of its kind: who hands both to one entry hands it what it asks for.
  return KEK_STORE_KINDS[name] as unknown as Kind<Options>
}

/** Where it is, in its own words. */
export function placeOf(store: KekStoreSettings): string {
  const { distinct = '', place } = kindOf(store)
  if (place !== undefined) return place(store.options)
  return String((store.options as Readonly<Record<string, unknown>>)[distinct])
}

/** The section of a KEK store: its name, but where Barbican has a section for it. */
export function sectionOfStore(name: string): string {
  return name.replace(/^simple_crypto(?=:|$)/, 'simple_crypto_plugin')
}

/** Pairs of option and what is wrong with it. */
export function storeOptionMistakes(
  store: KekStoreSettings,
): readonly (readonly [option: string, what: string])[] {
  return kindOf(store).checks.flatMap(({ option, judge }) => {
    const what = judge(store.options)
    return what === undefined ? [] : [[option, what] as const]
  })
}

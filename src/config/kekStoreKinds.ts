import { furtherKeyringSection, keyringSection } from './sections/keys.ts'
import type { Setting } from './setting.ts'

type Options = Readonly<Record<string, Setting<unknown>>>
type ValueOf<S> = S extends Setting<infer T> ? T : never
export type SectionValues<Section> = { readonly [O in keyof Section]: ValueOf<Section[O]> }

/**
 * The kinds of KEK store. [KIND] holds the options of the one that a deployment with one secret store
 * uses, [KIND:NAME] those of further ones. A new kind is an entry here, and one where stores are opened.
 */
export const KEK_STORE_KINDS = {
  keyring: {
    cryptoPlugins: ['simple_crypto', 'keyring'],
    options: keyringSection,
    optionsOf: furtherKeyringSection,
  },
} as const satisfies Record<
  string,
  {
    /** Barbican's words for what is like it, and our own. */
    readonly cryptoPlugins: readonly string[]
    readonly options: Options
    /** For [KIND:NAME]. */
    readonly optionsOf: (name: string) => Options
  }
>

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

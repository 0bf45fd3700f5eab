import type { Configuration } from '../gatehouse.ts'

/** How a Gatehouse is set up; the suites are told, for each asks for other things. */
export interface Stage {
  /** Whether Barbican's new defaults and scopes are enforced. */
  readonly isSecure: boolean
  readonly hasSeveralStores: boolean
  /** Whether hrefs begin with a configured address, not with what the request was sent to. */
  readonly hasHostHref: boolean
  readonly configuration: Configuration
}

const SEVERAL_STORES: Configuration = {
  secretstore: { enable_multiple_secret_stores: 'true', stores_lookup_suffix: 'software' },
  'secretstore:software': {
    secret_store_plugin: 'store_crypto',
    crypto_plugin: 'simple_crypto',
    global_default: 'true',
  },
}

/** In the order of their turns. */
export const STAGES = {
  legacy: { isSecure: false, hasSeveralStores: false, hasHostHref: true, configuration: {} },
  several: {
    isSecure: false,
    hasSeveralStores: true,
    hasHostHref: false,
    configuration: { ...SEVERAL_STORES, DEFAULT: { host_href: '' } },
  },
  secure: {
    isSecure: true,
    hasSeveralStores: true,
    hasHostHref: true,
    configuration: {
      ...SEVERAL_STORES,
      oslo_policy: { enforce_new_defaults: 'true', enforce_scope: 'true' },
    },
  },
} as const satisfies Record<string, Stage>

export type StageName = keyof typeof STAGES

import { defaultSection } from './sections/default.ts'
import { keyringSection, projectKeysSection } from './sections/keys.ts'
import { keystoneAuthtokenSection } from './sections/keystoneAuthtoken.ts'
import {
  adminSection,
  corsSection,
  databaseSection,
  gatehouseSection,
  healthcheckSection,
  middlewareSection,
  policySection,
} from './sections/service.ts'
import { tokenSection } from './sections/token.ts'
import type { Setting } from './setting.ts'

/** Every option there is. Type, loader, sample file and documentation come from here. */
export const SETTINGS_TABLE = {
  DEFAULT: defaultSection,
  database: databaseSection,
  keystone_authtoken: keystoneAuthtokenSection,
  token: tokenSection,
  oslo_policy: policySection,
  oslo_middleware: middlewareSection,
  cors: corsSection,
  healthcheck: healthcheckSection,
  keyring: keyringSection,
  project_keys: projectKeysSection,
  admin: adminSection,
  gatehouse: gatehouseSection,
}

/** Sections no other service has: an unknown option in them can only be a mistake. */
export const OWN_SECTIONS: ReadonlySet<string> = new Set([
  'token',
  'keyring',
  'project_keys',
  'admin',
  'gatehouse',
])

type Table = typeof SETTINGS_TABLE
type ValueOf<S> = S extends Setting<infer T> ? T : never

/** What the rest of the house gets: typed, complete, and right. */
export type Settings = {
  readonly [S in keyof Table]: { readonly [O in keyof Table[S]]: ValueOf<Table[S][O]> }
}

export interface KnownOption {
  readonly section: string
  readonly name: string
  readonly setting: Setting<unknown>
}

/** The table as a list, in the order of the documentation. */
export const KNOWN_OPTIONS: readonly KnownOption[] = Object.entries(SETTINGS_TABLE).flatMap(
  ([section, options]) =>
    Object.entries<Setting<unknown>>(options).map(([name, setting]) => ({
      section,
      name,
      setting,
    })),
)

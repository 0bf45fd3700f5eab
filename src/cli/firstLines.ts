import { isBound } from '../config/bindingChecks.ts'
import { kindOf, sectionOfStore } from '../config/kekStoreKinds.ts'
import type { LoadedSettings } from '../config/loadSettings.ts'
import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { Log } from '../lib/log.ts'
import { ownersOf } from './boundStores.ts'

/** What somebody wants to know who reads the log of a start: which settings, and what is odd about them. */
export function logFirstLines(log: Log, loaded: LoadedSettings, version: string): void {
  const { settings, files, notices, originOf } = loaded
  const { DEFAULT } = settings
  log.info(
    { version, configFiles: files.join(' ') || 'none: embedded defaults' },
    'Gatehouse starts',
  )
  log.info(
    {
      strategy: DEFAULT.auth_strategy,
      chosenBy: describeOrigin(originOf('DEFAULT', 'auth_strategy')),
    },
    'who may call',
  )
  log.info(
    {
      statePath: DEFAULT.state_path,
      database: maskUrl(settings.database.connection),
    },
    'where things are',
  )
  for (const store of settings.kekStores) {
    const { name, kind, options } = store
    const secretStore = settings.secretStores.find(({ kekStoreName }) => kekStoreName === name)
    log.info(
      {
        kekStore: name,
        kind,
        ...kindOf(store).facts(options),
        ...(secretStore === undefined
          ? {}
          : {
              secretStore: secretStore.suffix,
              isGlobalDefault: secretStore.global_default,
              ...(isBound(secretStore) && { boundTo: ownersOf(secretStore) }),
            }),
      },
      'where the KEKs are',
    )
  }
  for (const notice of notices) log.warn({}, notice)
  for (const warning of warningsOf(settings)) log.warn({}, warning)
}

function describeOrigin(origin: ReturnType<LoadedSettings['originOf']>): string {
  return origin.kind === 'default' ? 'default' : origin.where
}

/** What a start warns of, beside the notices of the loader. */
export function warningsOf(settings: Settings): readonly string[] {
  const { DEFAULT, admin, keystone_authtoken: keystone, kekStores } = settings
  return [
    !admin.enabled || isLoopback(admin.bind_host)
      ? ''
      : `The admin listener on ${admin.bind_host} answers everybody who reaches it.`,
    DEFAULT.auth_strategy === 'noauth'
      ? 'auth_strategy is noauth: EVERY caller on this machine is who he says he is and reads every secret.'
      : '',
    DEFAULT.auth_strategy === 'keystone' && keystone.insecure
      ? "[keystone_authtoken] insecure is on: Keystone's certificate is not checked."
      : '',
    ...kekStores.map((store) => {
      const isCloud = DEFAULT.auth_strategy === 'keystone'
      const warning = kindOf(store).warning(store.options, isCloud)
      return warning === undefined ? '' : `[${sectionOfStore(store.name)}] ${warning}`
    }),
  ].filter((warning) => warning !== '')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { keyringSection } from './sections/keys.ts'

/** For [keyring] and every [keyring:NAME]. */
export const KEYRING_CHECKS: readonly StoreCheck<SectionValues<typeof keyringSection>>[] = [
  {
    option: 'passphrase_file',
    judge: ({ protection, passphrase_file: file }) =>
      protection === 'passphrase' && file === undefined
        ? 'is missing, and protection is passphrase'
        : undefined,
  },
  {
    option: 'credentials_directory',
    judge: ({ protection, credentials_directory: folder }) =>
      protection === 'credential' && folder === undefined
        ? 'is missing: protection is credential, and systemd set no $CREDENTIALS_DIRECTORY'
        : undefined,
  },
  {
    option: 'credential',
    judge: ({ credential }) =>
      /^[\w.-]+$/.test(credential) && !/^\.+$/.test(credential) ? undefined : 'is no file name',
  },
]

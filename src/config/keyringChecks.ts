import type { SectionValues } from './kekStoreKinds.ts'
import type { keyringSection } from './sections/keys.ts'

type KeyringOptions = SectionValues<typeof keyringSection>

interface KeyringCheck {
  readonly option: keyof KeyringOptions
  /** What is wrong, undefined when nothing is. */
  readonly judge: (options: KeyringOptions) => string | undefined
}

/** What one option of a keyring alone cannot tell; for [keyring] and every [keyring:NAME]. */
export const KEYRING_CHECKS: readonly KeyringCheck[] = [
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

/** Pairs of option and what is wrong with it. */
export function keyringMistakes(
  options: KeyringOptions,
): readonly (readonly [option: string, what: string])[] {
  return KEYRING_CHECKS.flatMap(({ option, judge }) => {
    const what = judge(options)
    return what === undefined ? [] : [[option, what] as const]
  })
}

import { belowState, besideConfig } from '../paths.ts'
import { derivedOptionalSetting, optionalSetting, setting } from '../setting.ts'
import { oneOf, seconds, text, whole } from '../valueKinds.ts'

const keyringFile = (name: string) =>
  setting({
    explanation:
      'The file of key-encryption keys; made at the first start. Keep a copy apart from the database: without it nothing opens.',
    kind: text,
    default: name,
    settle: belowState,
  })

/** Where the key-encryption keys are. */
export const keyringSection = {
  file: keyringFile('keyring'),
  protection: setting({
    explanation:
      'How that file is sealed. `passphrase`: by scrypt from passphrase_file. `credential`: by a systemd credential. ' +
      '`shares`: by a key of which so many people hold a share; the server starts sealed until they bring them (`gatehouse unseal`). ' +
      '`plain`: by its mode 0600 alone, for development.',
    kind: oneOf('plain', 'passphrase', 'credential', 'shares'),
    default: 'plain',
  }),
  passphrase_file: optionalSetting({
    explanation: 'The file whose first line is the passphrase, mode 0600 or stricter.',
    kind: text,
    settle: besideConfig,
  }),
  credential: setting({
    explanation:
      'The name of the systemd credential (LoadCredentialEncrypted=) that seals the keyring: 32 random bytes or more.',
    kind: text,
    default: 'gatehouse-keyring',
  }),
  credentials_directory: derivedOptionalSetting({
    explanation: 'The folder systemd puts credentials in.',
    kind: text,
    describes: '$CREDENTIALS_DIRECTORY',
    derive: ({ place }) => place.credentialsDirectory,
  }),
}

/** [keyring:NAME]: the same, except for what two keyrings must not share. */
export function furtherKeyringSection(name: string): typeof keyringSection {
  return { ...keyringSection, file: keyringFile(`keyring-${name}`) }
}

/** How unwrapped project keys are held. */
export const projectKeysSection = {
  cache_ttl: setting({
    explanation:
      'How long an unwrapped project key may stay in memory. 0: it never does, and each use calls the KEK store.',
    kind: seconds(0, 86_400),
    default: 900,
  }),
  cache_size: setting({
    explanation: 'The most project keys in memory.',
    kind: whole(1, 1_000_000),
    default: 10_000,
  }),
  max_stale: setting({
    explanation:
      'How long beyond cache_ttl a key still serves while the KEK store is down. Always 0 when cache_ttl is 0.',
    kind: seconds(0, 86_400),
    default: 3600,
  }),
  max_age: setting({
    explanation:
      'The age at which a project gets its next key (old ones keep opening what they sealed). 0: only the count of uses decides.',
    kind: seconds(0, 315_360_000),
    default: 31_536_000,
  }),
}

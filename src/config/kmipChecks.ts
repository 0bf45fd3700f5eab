import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { kmipSection } from './sections/kmip.ts'

/** For [kmip] and every [kmip:NAME]. */
export const KMIP_CHECKS: readonly StoreCheck<SectionValues<typeof kmipSection>>[] = [
  {
    option: 'keyfile',
    judge: ({ certfile, keyfile }) =>
      keyfile !== undefined && certfile === undefined
        ? 'is given, and certfile is not: a key serves nothing without its certificate'
        : undefined,
  },
  {
    option: 'certfile',
    judge: ({ certfile, username }) =>
      certfile === undefined && username === undefined
        ? 'is missing, and username too: a KMIP server knows its clients by a certificate, a name, or both'
        : undefined,
  },
  {
    option: 'username',
    judge: ({ username, password, password_file: file }) => {
      const hasPassword = password !== undefined || file !== undefined
      if (username !== undefined && !hasPassword)
        return 'is given without password or password_file'
      return username === undefined && hasPassword
        ? 'is missing, and a password is given'
        : undefined
    },
  },
  {
    option: 'wrapping',
    judge: ({ wrapping, protocol }) =>
      wrapping === 'aes-gcm' && (protocol === '1.3' || protocol === '1.2')
        ? `is aes-gcm, which wants KMIP 1.4, and protocol is ${protocol}: set wrapping = derived`
        : undefined,
  },
  {
    option: 'former_key_names',
    judge: ({ key_name: current, former_key_names: former }) =>
      former.includes(current) ? `names ${current}, which is key_name` : undefined,
  },
]

import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { furtherPkcs11Section } from './sections/pkcs11.ts'

export type Pkcs11Options = SectionValues<typeof furtherPkcs11Section>

/** For [pkcs11] and every [pkcs11:NAME]. */
export const PKCS11_CHECKS: readonly StoreCheck<Pkcs11Options>[] = [
  {
    option: 'library_path',
    judge: ({ library_path: path }) => {
      if (path === undefined) return "is missing: name the PKCS#11 library of the HSM's vendor"
      return path.startsWith('/') ? undefined : `is ${path}; it wants an absolute path`
    },
  },
  {
    option: 'mkek_label',
    judge: ({ mkek_label: label }) =>
      label === undefined
        ? 'is missing: name the AES key in the token that wraps project keys; `gatehouse hsm generate-kek` makes one'
        : undefined,
  },
  {
    option: 'mkek_length',
    judge: ({ mkek_length: bytes }) =>
      bytes === 32
        ? undefined
        : `is ${bytes}; a KEK has 32 bytes, as the keys that it wraps: make one with \`gatehouse hsm generate-kek\``,
  },
  {
    option: 'decrypt_labels',
    judge: ({ mkek_label: current, decrypt_labels: others }) => {
      const twice = others.find((label, index) => others.indexOf(label) !== index)
      if (twice !== undefined) return `names ${twice} twice`
      return current !== undefined && others.includes(current)
        ? `names ${current}, which is mkek_label`
        : undefined
    },
  },
  {
    option: 'login',
    judge: ({ login, login_file: file, login_credential: credential }) =>
      [login, file, credential].filter((given) => given !== undefined).length > 1
        ? ', login_file and login_credential are three ways to give one PIN: use one of them'
        : undefined,
  },
  {
    option: 'login_credential',
    judge: ({ login_credential: name, credentials_directory: folder }) => {
      if (name === undefined) return undefined
      if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) return 'is no file name'
      return folder === undefined
        ? 'is given, and systemd set no $CREDENTIALS_DIRECTORY'
        : undefined
    },
  },
  {
    option: 'library_environment',
    judge: ({ library_environment: variables }) => {
      const odd = variables.find((variable) => !/^\w+=/.test(variable))
      return odd === undefined ? undefined : `holds ${JSON.stringify(odd)}; it wants NAME=VALUE`
    },
  },
]

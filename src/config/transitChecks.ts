import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { transitSection } from './sections/transit.ts'

type Options = SectionValues<typeof transitSection>

const mountCheck = (
  option: 'transit_mountpoint' | 'approle_mountpoint' | 'kubernetes_mountpoint',
): StoreCheck<Options> => ({
  option,
  judge: ({ [option]: mount }) =>
    /^[\w.-]+(\/[\w.-]+)*$/.test(mount)
      ? undefined
      : 'is no path: write it without a slash at either end, such as transit or team/transit',
})

/** For [transit] and every [transit:NAME]. */
export const TRANSIT_CHECKS: readonly StoreCheck<Options>[] = [
  {
    option: 'root_token_id',
    judge: (options) => {
      const ways = [
        options.root_token_id === undefined ? '' : 'root_token_id',
        options.token_file === undefined ? '' : 'token_file',
        options.approle_role_id === undefined ? '' : 'approle_role_id',
        options.kubernetes_role === undefined ? '' : 'kubernetes_role',
      ].filter((way) => way !== '')
      if (ways.length === 1) return undefined
      return ways.length === 0
        ? 'is missing, and so are token_file, approle_role_id and kubernetes_role: one of them says how to log in'
        : `cannot be told: ${ways.join(' and ')} are given, and one of them says how to log in`
    },
  },
  {
    option: 'approle_role_id',
    judge: ({ approle_role_id: role, approle_secret_id: secret, approle_secret_id_file: file }) =>
      role === undefined && (secret !== undefined || file !== undefined)
        ? 'is missing, and a secret id is given'
        : undefined,
  },
  {
    option: 'keyfile',
    judge: ({ certfile, keyfile }) =>
      keyfile !== undefined && certfile === undefined
        ? 'is given, and certfile is not: a key serves nothing without its certificate'
        : undefined,
  },
  {
    option: 'key_name',
    judge: ({ key_name: name }) =>
      /^[\w.-]{1,128}$/.test(name)
        ? undefined
        : 'is no name of a transit key: 1 to 128 letters, digits, dots, dashes or underscores',
  },
  mountCheck('transit_mountpoint'),
  mountCheck('approle_mountpoint'),
  mountCheck('kubernetes_mountpoint'),
]

import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { awskmsSection } from './sections/awskms.ts'

/** For [awskms] and every [awskms:NAME]. */
export const AWSKMS_CHECKS: readonly StoreCheck<SectionValues<typeof awskmsSection>>[] = [
  {
    option: 'key_id',
    judge: ({ key_id: id, former_key_ids: former }) => {
      if (id === undefined) return 'is missing: an id, an ARN or alias/NAME of a key'
      return former.includes(id) ? 'stands in former_key_ids too' : undefined
    },
  },
  {
    option: 'region',
    judge: ({ region }) => {
      if (region === undefined) return 'is missing, and so are $AWS_REGION and $AWS_DEFAULT_REGION'
      return /^[a-z0-9-]{1,40}$/.test(region) ? undefined : 'is no region, such as eu-central-1'
    },
  },
  {
    option: 'secret_access_key',
    judge: ({ access_key_id: id, secret_access_key: secret, secret_access_key_file: file }) => {
      const hasSecret = secret !== undefined || file !== undefined
      if (id !== undefined && !hasSecret) return 'is missing, and access_key_id is given'
      return id === undefined && hasSecret ? 'is given without access_key_id' : undefined
    },
  },
  {
    option: 'container_credentials_url',
    judge: ({ container_credentials_url: url }) =>
      url === undefined || isNear(new URL(url))
        ? undefined
        : 'is http to somewhere else than this machine or an address of ECS or EKS: whoever answers there would be believed',
  },
  {
    option: 'role_arn',
    judge: ({ web_identity_token_file: file, role_arn: role }) =>
      file !== undefined && role === undefined
        ? 'is missing, and web_identity_token_file is given'
        : undefined,
  },
]

/** https, or one of the addresses that AWS's own tools take in clear. */
function isNear({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    /^(localhost|127\.[\d.]+|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(hostname)
  )
}

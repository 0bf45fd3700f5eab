import type { ShownSecret } from '../../domain/secrets.ts'
import { wireTime } from '../../lib/timestamp.ts'
import type { SecretConsumerName } from '../../model/secretConsumer.ts'

export interface SecretRenderOptions {
  readonly base: string
  /** What stands as `name` of a secret that has none: null, or (option nameless_secrets) its id. */
  readonly nameless: 'null' | 'id'
}

/** Order and presence of keys as contract 01 lists them: old clients break on one key too many. */
export function renderSecret(
  { secret, consumers }: ShownSecret,
  options: SecretRenderOptions,
): object {
  return {
    created: wireTime(secret.createdAt),
    updated: wireTime(secret.updatedAt),
    status: 'ACTIVE',
    name: secret.name ?? (options.nameless === 'id' ? secret.id : null),
    secret_type: secret.secretType,
    expiration: secret.expiration === null ? null : wireTime(secret.expiration),
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    creator_id: secret.creatorId,
    ...(consumers === undefined ? {} : { consumers: consumers.map(renderName) }),
    ...(secret.contentType === null ? {} : { content_types: { default: secret.contentType } }),
    secret_ref: secretRef(options.base, secret.id),
  }
}

function renderName({ service, resourceType, resourceId }: SecretConsumerName): object {
  return { service, resource_type: resourceType, resource_id: resourceId }
}

export function secretRef(base: string, id: string): string {
  return `${base}/v1/secrets/${id}`
}

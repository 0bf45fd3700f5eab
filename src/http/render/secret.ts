import { wireTime } from '../../lib/timestamp.ts'
import type { Microversion } from '../../model/requestContext.ts'
import type { SecretSummary } from '../../model/secret.ts'

export interface SecretRenderOptions {
  readonly base: string
  readonly microversion: Microversion
  /** What stands as `name` of a secret that has none: null, or (option nameless_secrets) its id. */
  readonly nameless: 'null' | 'id'
}

/** Order and presence of keys as contract 01 lists them: old clients break on one key too many. */
export function renderSecret(secret: SecretSummary, options: SecretRenderOptions): object {
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
    // Consumers come with their own resource; until then no secret has any.
    ...(options.microversion >= 1 ? { consumers: [] } : {}),
    ...(secret.contentType === null ? {} : { content_types: { default: secret.contentType } }),
    secret_ref: secretRef(options.base, secret.id),
  }
}

export function secretRef(base: string, id: string): string {
  return `${base}/v1/secrets/${id}`
}

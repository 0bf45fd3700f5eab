import { z } from 'zod'
import type { ShownSecret } from '../../domain/secrets.ts'
import { wireTime } from '../../lib/timestamp.ts'
import { CONTENT_TYPES } from '../../model/contentTypes.ts'
import type { SecretConsumerName } from '../../model/secretConsumer.ts'
import { SECRET_TYPES } from '../../model/secretTypes.ts'
import { timeShown } from './timeShown.ts'

export const secretShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.literal('ACTIVE').describe('Whatever the secret; also without a payload.'),
    name: z.string().nullable(),
    secret_type: z.enum(SECRET_TYPES),
    expiration: timeShown.nullable(),
    algorithm: z.string().nullable(),
    bit_length: z.int().nullable(),
    mode: z.string().nullable(),
    creator_id: z.string().nullable().describe('The user who created it.'),
    consumers: z
      .array(z.object({ service: z.string(), resource_type: z.string(), resource_id: z.string() }))
      .optional()
      .describe('From microversion 1.1 on.'),
    content_types: z
      .object({ default: z.enum(CONTENT_TYPES) })
      .optional()
      .describe('Absent while there is no payload.'),
    secret_ref: z.url(),
  })
  .meta({ id: 'Secret', description: 'What is known of a secret, its payload apart.' })

export const secretRefShown = z.object({ secret_ref: z.url() }).meta({ id: 'SecretRef' })

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

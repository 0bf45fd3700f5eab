import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SecretId } from '../lib/ids.ts'
import type { Verified } from '../model/record.ts'
import { isExpired, type Secret } from '../model/secret.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly secrets: Pick<SecretRepository, 'find'>
  readonly integrity: Integrity
  readonly clock: Clock
}

/**
 * The secret that a path names, checked against its MAC. A malformed id, an unknown one and an expired
 * one are 404 alike; a foreign one is for policy to refuse (contract 01; Q04).
 */
export async function findSecret(
  { secrets, integrity, clock }: Parts,
  id: SecretId | undefined,
): Promise<Verified<Secret>> {
  if (id === undefined)
    throw new Fault('notFound', 'Provided secret id is invalid. A lower-case UUID is wanted.')
  const secret = await integrity.verified(await secrets.find(id))
  if (secret !== undefined && (secret.expiration === null || !isExpired(secret, clock.now()))) {
    return secret
  }
  throw secretNotFound(id)
}

export function secretNotFound(id: SecretId): Fault {
  return new Fault('notFound', `Secret not found: ${id}.`)
}

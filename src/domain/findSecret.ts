import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SecretId } from '../lib/ids.ts'
import type { Verified } from '../model/record.ts'
import { isExpired, type Secret, type SecretFacts, type SecretSummary } from '../model/secret.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts<Look extends 'find' | 'facts'> {
  readonly secrets: Pick<SecretRepository, Look>
  readonly integrity: Integrity
  readonly clock: Clock
}

/**
 * The secret that a path names, checked against its MAC. A malformed id, an unknown one and an expired
 * one are 404 alike; a foreign one is for policy to refuse (contract 01; Q04).
 */
export async function findSecret(
  { secrets, integrity, clock }: Parts<'find'>,
  id: SecretId | undefined,
): Promise<Verified<Secret>> {
  if (id === undefined) throw noSecretId()
  return present(await integrity.verified(await secrets.find(id)), id, clock)
}

/** The same for a verb that opens no payload. */
export async function findSecretFacts(
  { secrets, integrity, clock }: Parts<'facts'>,
  id: SecretId | undefined,
): Promise<Verified<SecretFacts>> {
  if (id === undefined) throw noSecretId()
  return present(await integrity.verified(await secrets.facts(id)), id, clock)
}

function present<T extends SecretSummary>(secret: T | undefined, id: SecretId, clock: Clock): T {
  if (secret !== undefined && (secret.expiration === null || !isExpired(secret, clock.now()))) {
    return secret
  }
  throw secretNotFound(id)
}

function noSecretId(): Fault {
  return new Fault('notFound', 'Provided secret id is invalid. A lower-case UUID is wanted.')
}

export function secretNotFound(id: SecretId): Fault {
  return new Fault('notFound', `Secret not found: ${id}.`)
}

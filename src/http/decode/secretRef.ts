import { z } from 'zod'
import { parseSecretId, type SecretId } from '../../lib/ids.ts'

export const secretRef = z
  .string({ error: 'a string is wanted' })
  .min(1, { error: 'the reference of a secret is wanted' })
  .describe('The secret_ref that creating the secret answered.')

/** What stands behind the last slash. @returns undefined when that is no secret's id */
export function secretIdOfRef(ref: string): SecretId | undefined {
  return parseSecretId(ref.slice(ref.lastIndexOf('/') + 1))
}

import { DeadlinePassed } from '../deadline.ts'
import { KmipUnreachable } from './kmip/kmipConnection.ts'
import { KmsUnreachable } from './kmsHttp.ts'

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Is it the keeper that is away, rather than something of ours that is wrong, such as a certificate? */
export function isAway(error: unknown): boolean {
  if (error instanceof DeadlinePassed) return true
  if (!(error instanceof KmsUnreachable || error instanceof KmipUnreachable)) return false
  const { cause } = error
  if (cause === undefined) return true
  return cause instanceof Error && 'code' in cause && NETWORK.has(String(cause.code))
}

import { z } from 'zod'
import type { SecretId } from '../../lib/ids.ts'
import {
  type CertificateLink,
  CHAIN_STATES,
  OWN_KEY_STATES,
  type StoredFacts,
} from '../../model/certificateFacts.ts'
import type { Row } from '../statement.ts'
import { bytes, bytesOrNull, DamagedRow, projectIdIn, text, time } from './column.ts'

/*
 * The way back from `rowOfFacts`, in a file of its own: whoever writes needs no zod, and the thread that
 * writes would take twice as long to start with it.
 */

const links = z.array(
  z.object({
    subject: z.string(),
    issuer: z.string(),
    subjectKey: z.string().nullable(),
    issuerKey: z.string().nullable(),
  }),
)

export function factsOfRow(row: Row): StoredFacts {
  const whose = { secretId: text(row, 'secret_id') as SecretId, projectId: projectIdIn(row) }
  switch (text(row, 'kind')) {
    case 'certificate':
      return {
        ...whose,
        kind: 'certificate',
        notBefore: time(row, 'not_before'),
        notAfter: time(row, 'not_after'),
        publicKey: bytesOrNull(row, 'public_key'),
        chain: oneOf(row, 'chain', CHAIN_STATES),
        ownKey: oneOf(row, 'own_key', OWN_KEY_STATES),
        links: linksIn(text(row, 'links')),
      }
    case 'privateKey':
      return { ...whose, kind: 'privateKey', publicKey: bytes(row, 'public_key') }
    case 'unreadable':
      return { ...whose, kind: 'unreadable' }
    default:
      throw new DamagedRow('the column kind holds no kind of facts')
  }
}

function oneOf<T extends string>(row: Row, column: string, known: readonly T[]): T {
  const found = known.find((one) => one === text(row, column))
  if (found === undefined) throw new DamagedRow(`the column ${column} holds no ${column} state`)
  return found
}

function linksIn(json: string): readonly CertificateLink[] {
  try {
    return links.parse(JSON.parse(json))
  } catch (cause) {
    throw new DamagedRow('the column links holds no links', { cause })
  }
}

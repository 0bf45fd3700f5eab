import { z } from 'zod'
import type { SecretId } from '../../lib/ids.ts'
import { daysBefore } from '../../lib/timestamp.ts'
import {
  type CertificateLink,
  CHAIN_STATES,
  OWN_KEY_STATES,
  type StoredFacts,
  WARNING_DAYS,
} from '../../model/certificateFacts.ts'
import type { Row, SqlValue } from '../statement.ts'
import { bytes, bytesOrNull, DamagedRow, projectIdIn, text, time } from './column.ts'

export const CERTIFICATE_FACTS_COLUMNS = [
  'certificate_facts.secret_id',
  'certificate_facts.project_id',
  'certificate_facts.kind',
  'certificate_facts.not_before',
  'certificate_facts.not_after',
  'certificate_facts.public_key',
  'certificate_facts.chain',
  'certificate_facts.own_key',
  'certificate_facts.links',
] as const

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

export function rowOfFacts(facts: StoredFacts): Readonly<Record<string, SqlValue>> {
  const certificate = facts.kind === 'certificate' ? facts : undefined
  return {
    secret_id: facts.secretId,
    project_id: facts.projectId,
    kind: facts.kind,
    not_before: certificate?.notBefore ?? null,
    not_after: certificate?.notAfter ?? null,
    warn_at: certificate === undefined ? null : daysBefore(certificate.notAfter, FIRST_WARNING),
    public_key: facts.kind === 'unreadable' ? null : facts.publicKey,
    chain: certificate?.chain ?? null,
    own_key: certificate?.ownKey ?? null,
    links: certificate === undefined ? null : JSON.stringify(certificate.links),
  }
}

const FIRST_WARNING = Math.max(...WARNING_DAYS)

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

import { daysBefore } from '../../lib/timestamp.ts'
import { type StoredFacts, WARNING_DAYS } from '../../model/certificateFacts.ts'
import type { SqlValue } from '../statement.ts'

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

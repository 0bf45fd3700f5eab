import {
  type CertificateWarning,
  daysLeft,
  type JudgedContainer,
  judgeContainer,
  judgePayload,
  type Member,
} from '../domain/certificateWarnings.ts'
import type {
  CertificateContainer,
  CertificateQuery,
  CertificateRepository,
} from '../domain/ports/certificateRepositories.ts'
import type { SecretId } from '../lib/ids.ts'
import { type Timestamp, wireTime } from '../lib/timestamp.ts'
import type { StoredFacts } from '../model/certificateFacts.ts'
import { tableLines } from './tableLines.ts'

export type Question = Pick<CertificateQuery, 'projectId' | 'endsBefore' | 'now'>

export interface JudgedSecret {
  readonly facts: StoredFacts
  readonly warnings: readonly CertificateWarning[]
}

export interface FoundContainer extends JudgedContainer {
  readonly container: CertificateContainer
}

const PAGE = 1000

/** Certificates by their end; then, unless only what ends is asked for, what cannot be read. */
export async function* storedCertificates(
  certificates: Pick<CertificateRepository, 'list'>,
  question: Question,
  soonDays?: number,
): AsyncGenerator<JudgedSecret> {
  const { endsBefore, ...others } = question
  const queries: readonly (Question & Pick<CertificateQuery, 'kind'>)[] = [
    { ...question, kind: 'certificate' },
    ...(endsBefore === undefined ? [{ ...others, kind: 'unreadable' } as const] : []),
  ]
  for (const query of queries) {
    for (let after: StoredFacts | undefined; ; ) {
      const page = await certificates.list({ ...query, limit: PAGE, ...(after && { after }) })
      for (const facts of page) {
        yield { facts, warnings: judgePayload(facts, question.now, soonDays) }
      }
      after = page.at(-1)
      if (page.length < PAGE) break
    }
  }
}

/** Containers of certificates, judged by what is known of their members. */
export async function* certificateContainers(
  certificates: Pick<CertificateRepository, 'containers' | 'ofSecrets'>,
  { projectId, now }: Question,
  soonDays?: number,
): AsyncGenerator<FoundContainer> {
  for (let offset = 0; ; offset += PAGE) {
    const query = { limit: PAGE, offset, ...(projectId && { projectId }) }
    const page = await certificates.containers(query)
    const ids = new Set(page.flatMap(({ members }) => members.map(({ secretId }) => secretId)))
    const facts = await factsOf(certificates, [...ids])
    for (const container of page) {
      const member = (name: string): Member | undefined => {
        const found = container.members.find((one) => one.name === name)
        return found && (facts.get(found.secretId) ?? 'unknown')
      }
      const members = {
        certificate: member('certificate'),
        privateKey: member('private_key'),
        intermediates: member('intermediates'),
      }
      yield { container, ...judgeContainer(members, now, soonDays) }
    }
    if (page.length < PAGE) return
  }
}

async function factsOf(
  certificates: Pick<CertificateRepository, 'ofSecrets'>,
  ids: readonly SecretId[],
): Promise<ReadonlyMap<SecretId, StoredFacts>> {
  const all = new Map<SecretId, StoredFacts>()
  for (let at = 0; at < ids.length; at += PAGE) {
    for (const [id, facts] of await certificates.ofSecrets(ids.slice(at, at + PAGE))) {
      all.set(id, facts)
    }
  }
  return all
}

export function secretTable(found: readonly JudgedSecret[], now: Timestamp): readonly string[] {
  const rows = found.map(({ facts, warnings }) => {
    const until = facts.kind === 'certificate' ? facts.notAfter : null
    return [...endCells(until, now), facts.projectId, facts.secretId, codesOf(warnings)]
  })
  return tableLines([['until', 'days', 'project', 'secret', 'warnings'], ...rows])
}

export function containerTable(
  found: readonly FoundContainer[],
  now: Timestamp,
): readonly string[] {
  const rows = found.map(({ container, notAfter, warnings }) => [
    ...endCells(notAfter, now),
    ...[container.projectId, container.id, codesOf(warnings)],
  ])
  return tableLines([['until', 'days', 'project', 'container', 'warnings'], ...rows])
}

/** For programs: the names of the API. */
export function secretJson({ facts, warnings }: JudgedSecret, now: Timestamp): object {
  const certificate = facts.kind === 'certificate' ? facts : undefined
  return {
    secret_id: facts.secretId,
    project_id: facts.projectId,
    kind: facts.kind,
    ...endJson(certificate?.notAfter ?? null, now),
    certificates: certificate?.links.length ?? 0,
    warnings,
  }
}

export function containerJson(found: FoundContainer, now: Timestamp): object {
  return {
    container_id: found.container.id,
    project_id: found.container.projectId,
    ...endJson(found.notAfter, now),
    warnings: found.warnings,
  }
}

function endJson(until: Timestamp | null, now: Timestamp): object {
  return { valid_until: until && wireTime(until), days_left: until && daysLeft(until, now) }
}

function endCells(until: Timestamp | null, now: Timestamp): readonly string[] {
  return until === null ? ['-', '-'] : [wireTime(until), String(daysLeft(until, now))]
}

function codesOf(warnings: readonly CertificateWarning[]): string {
  return warnings.map(({ code }) => code).join(', ') || '-'
}

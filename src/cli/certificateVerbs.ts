import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { SqlCertificateRepository } from '../db/certificateRepository.ts'
import { schemaStatus } from '../db/schema.ts'
import type { CertificateRepository } from '../domain/ports/certificateRepositories.ts'
import { systemClock } from '../lib/clock.ts'
import type { ProjectId, SecretId } from '../lib/ids.ts'
import { secondsOf, type Timestamp, timestampFrom } from '../lib/timestamp.ts'
import {
  certificateContainers,
  containerJson,
  containerTable,
  type FoundContainer,
  type JudgedSecret,
  type Question,
  secretJson,
  secretTable,
  storedCertificates,
} from './certificateReport.ts'
import { surveyCertificates } from './certificateSurveyVerb.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'
import { lookInto } from './lookInto.ts'
import type { Asking } from './shareInput.ts'

export interface CertificateRequest {
  readonly project?: ProjectId
  readonly expiresWithin?: number
  readonly json?: true
}

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

const DAY_SECONDS = 86_400

/** `gatehouse certificates list`: what clients store here and when it ends. Needs no key. */
export async function certificatesList(
  settings: Settings,
  { project, expiresWithin, json }: CertificateRequest,
): Promise<Report> {
  return withDatabase(settings, async () => {
    const now = systemClock().now()
    const question: Question = {
      now,
      ...(project !== undefined && { projectId: project }),
      ...(expiresWithin !== undefined && { endsBefore: secondsAfter(now, expiresWithin) }),
    }
    const found = await look(settings, (certificates) =>
      all(storedCertificates(certificates, question)),
    )
    if (json === true) {
      const shown = found.map((one) => secretJson(one, now))
      return { text: JSON.stringify(shown, null, 2), reason: 'done' }
    }
    if (found.length === 0) return { text: 'There is no such certificate.', reason: 'done' }
    return { text: secretTable(found, now).join('\n'), reason: 'done' }
  })
}

/** `gatehouse certificates check`: what may fail with a certificate that is stored, or with what goes with it. */
export async function certificatesCheck(
  settings: Settings,
  request: CertificateRequest & { readonly all?: true },
  work: LongWork,
  asking: Asking,
): Promise<Report> {
  return withDatabase(settings, async () => {
    const surveyed =
      request.all === true ? await surveyCertificates(settings, work, asking) : undefined
    const now = systemClock().now()
    const { secrets, containers, unseen } = await look(settings, (certificates) =>
      troubles(certificates, now, request),
    )
    const isFine = secrets.length + containers.length + unseen + (surveyed?.damaged ?? 0) === 0
    const reason = isFine ? 'done' : 'refused'
    if (request.json === true) {
      const shown = {
        secrets: secrets.map((one) => secretJson(one, now)),
        containers: containers.map((one) => containerJson(one, now)),
        not_looked_at: unseen,
        ...(surveyed !== undefined && { looked_at: surveyed.looked, damaged: surveyed.damaged }),
      }
      return { text: JSON.stringify(shown, null, 2), reason }
    }
    const parts = [
      ...(surveyed === undefined ? [] : [surveyed.lines]),
      ...(secrets.length === 0 ? [] : [secretTable(secrets, now)]),
      ...(containers.length === 0 ? [] : [containerTable(containers, now)]),
      ...(unseen === 0 ? [] : [[unseenSentence(unseen)]]),
      ...(isFine ? [['Nothing is wrong with any certificate.']] : []),
    ]
    return { text: parts.map((lines) => lines.join('\n')).join('\n\n'), reason }
  })
}

interface Troubles {
  readonly secrets: readonly JudgedSecret[]
  readonly containers: readonly FoundContainer[]
  readonly unseen: number
}

async function troubles(
  certificates: CertificateRepository,
  now: Timestamp,
  { project, expiresWithin }: CertificateRequest,
): Promise<Troubles> {
  const question = { now, ...(project !== undefined && { projectId: project }) }
  const soonDays = expiresWithin === undefined ? undefined : expiresWithin / DAY_SECONDS
  const containers: FoundContainer[] = []
  /** Their chains are those of their containers. */
  const contained = new Set<SecretId>()
  for await (const found of certificateContainers(certificates, question, soonDays)) {
    for (const { secretId } of found.container.members) contained.add(secretId)
    if (found.warnings.length > 0) containers.push(found)
  }
  const secrets: JudgedSecret[] = []
  for await (const { facts, warnings } of storedCertificates(certificates, question, soonDays)) {
    const own = contained.has(facts.secretId)
      ? warnings.filter(({ code }) => code !== 'chain_missing' && code !== 'chain_broken')
      : warnings
    if (own.length > 0) secrets.push({ facts, warnings: own })
  }
  const unseen = await certificates.countUnseen(project)
  return { secrets, containers, unseen }
}

function unseenSentence(count: number): string {
  const what = count === 1 ? '1 certificate was' : `${count} certificates were`
  return `${what} stored by a release that did not look: --all looks at what was stored before.`
}

async function withDatabase(settings: Settings, work: () => Promise<Report>): Promise<Report> {
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) {
    return { text: `There is no database at ${maskUrl(url)} yet.`, reason: 'done' }
  }
  await refuseUnfitSchema(settings)
  return work()
}

function look<T>(
  settings: Settings,
  work: (certificates: CertificateRepository) => Promise<T>,
): Promise<T> {
  return refusingWith('database', () =>
    lookInto(settings.database.connection, systemClock(), (glass) =>
      work(new SqlCertificateRepository(glass)),
    ),
  )
}

function secondsAfter(now: Timestamp, seconds: number): Timestamp {
  return timestampFrom(secondsOf(now) + seconds, 0)
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

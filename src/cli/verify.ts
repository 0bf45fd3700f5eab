import { setTimeout } from 'node:timers/promises'
import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { EnvelopeSealer } from '../crypto/sealer.ts'
import { EnvelopeProof } from '../crypto/sealProof.ts'
import { type OpenedRecords, openStoredRecords } from '../db/openStoredRecords.ts'
import { schemaStatus } from '../db/schema.ts'
import { RECORD_KINDS, type RecordPlace, type RecordRange } from '../domain/ports/storedRecords.ts'
import { type VerifiedRecords, verifyRecords } from '../domain/verifyRecords.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'
import { openKeyring } from './openKeyring.ts'
import type { Asking } from './shareInput.ts'

/** The options of `gatehouse verify`. */
export interface VerifyRequest {
  readonly sample?: number
  readonly project?: string
  readonly after?: string
  /** Records a second, at most. */
  readonly rate?: number
}

interface Around {
  readonly work: LongWork
  /** Who is asked for the shares of a sealed keyring. */
  readonly asking: Asking
  /** What is damaged is told as it is found: there may be more of it than anybody wants to hold. */
  readonly tell: (line: string) => void
}

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

const NO_ALARMS = { integrity: () => undefined }

/**
 * `gatehouse verify`: unwraps project keys, checks row MACs and opens envelopes, all of them or some at
 * random. It changes nothing, works beside servers, and says where it was when it has to stop.
 */
export async function verify(
  settings: Settings,
  request: VerifyRequest,
  around: Around,
): Promise<Report> {
  const range = rangeOf(request)
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) {
    return { text: `There is no database at ${maskUrl(url)} yet.`, reason: 'done' }
  }
  await refuseUnfitSchema(settings)
  const clock = systemClock()
  const records = await refusingWith('database', () => openStoredRecords(url, clock))
  try {
    const open = await openKeyring(settings, records, NO_ALARMS, around.asking)
    try {
      const { keyring, deploymentId } = open
      const parts = { keyring, deploymentId, alarms: NO_ALARMS }
      const integrity = new RowIntegrity(parts)
      const proof = new EnvelopeProof({ keyring, sealer: new EnvelopeSealer(parts) })
      const { places, total } = await placesOf(records, range, request.sample)
      const walked = new Walk(around, total, request, clock)
      const proven = await walked.orSayWhere(() =>
        verifyRecords({
          records,
          integrity,
          proof,
          places,
          onRecord: (place) => walked.passed(place),
          onDamage: ({ projectId }, what) =>
            around.tell(`damaged     project ${projectId}: ${what}`),
        }),
      )
      return reportOf(proven)
    } finally {
      await open.close()
    }
  } finally {
    await records.close()
  }
}

/** Where it is, how far, and how fast. */
class Walk {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #isResumable: boolean
  readonly #advance: (by: number) => void
  readonly #sinceMs: number
  #passed = 0
  #last: RecordPlace | undefined

  constructor({ work }: Around, total: number, { rate, sample }: VerifyRequest, clock: Clock) {
    this.#clock = clock
    this.#perSecond = rate ?? Number.POSITIVE_INFINITY
    this.#isResumable = sample === undefined
    this.#sinceMs = clock.monotonicMs()
    this.#advance = work.begin('opening records', total, () => this.#where())
  }

  async passed(place: RecordPlace): Promise<void> {
    this.#passed += 1
    this.#last = place
    const dueMs = this.#sinceMs + (1000 * this.#passed) / this.#perSecond
    const earlyMs = dueMs - this.#clock.monotonicMs()
    if (earlyMs > 0) await setTimeout(earlyMs)
    this.#advance(1)
  }

  /** A database or KEK store that is lost ends it as a signal does. */
  async orSayWhere<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (!(cause instanceof Fault) || cause.kind !== 'unavailable') throw cause
      throw new StartupRefusal(`${cause.message} ${this.#where()}.`, { cause })
    }
  }

  #where(): string {
    const so = `${this.#passed} records were looked at`
    if (this.#last === undefined || !this.#isResumable) return so
    return `${so}; --after '${nameOf(this.#last)}' goes on behind them`
  }
}

async function placesOf(
  records: OpenedRecords,
  range: RecordRange,
  sample: number | undefined,
): Promise<{
  readonly places: AsyncIterable<RecordPlace> | readonly RecordPlace[]
  readonly total: number
}> {
  if (sample === undefined) {
    return { places: records.walk(range), total: await records.count(range) }
  }
  const places = await records.sample(sample, range.projectId)
  return { places, total: places.length }
}

function reportOf({ opened, gone, damaged }: VerifiedRecords): Report {
  const counts = RECORD_KINDS.map((kind) => `${opened[kind]} ${kind}s`).join(', ')
  const lines = [`opened      ${counts.replace('project-keys', 'project keys')}`]
  if (gone > 0) lines.push(`gone        ${gone}, deleted while this was at work`)
  if (damaged === 0) {
    return { text: [...lines, 'verdict     everything opens'].join('\n'), reason: 'done' }
  }
  const verdict = `verdict     ${damaged} ${damaged === 1 ? 'record is' : 'records are'} damaged (docs/operations.md, Damaged records)`
  return { text: [...lines, verdict].join('\n'), reason: 'damaged' }
}

function rangeOf({ project, after, sample }: VerifyRequest): RecordRange {
  if (after !== undefined && sample !== undefined) {
    throw usage('--after goes on with a walk, and --sample picks at random: take one of them.')
  }
  const projectId = project as ProjectId | undefined
  if (after === undefined) return { projectId }
  const place = placeNamed(after)
  if (projectId !== undefined && place.projectId !== projectId) {
    throw usage(`--after names a record of project ${place.projectId}, not of ${projectId}.`)
  }
  return { projectId, after: place }
}

/** A project id may hold slashes; the other parts do not. */
function nameOf({ kind, projectId, createdAt, id }: RecordPlace): string {
  return [kind, projectId, createdAt, id].join('/')
}

function placeNamed(name: string): RecordPlace {
  const parts = name.split('/')
  const kind = RECORD_KINDS.find((known) => known === parts[0])
  if (kind === undefined || parts.length < 4) {
    throw usage(
      `--after ${JSON.stringify(name)} is no place: take what an interrupted \`gatehouse verify\` printed.`,
    )
  }
  return {
    kind,
    projectId: parts.slice(1, -2).join('/') as ProjectId,
    createdAt: parts.at(-2) ?? '',
    id: parts.at(-1) ?? '',
  }
}

function usage(sentence: string): StartupRefusal {
  return new StartupRefusal(sentence, { exitCode: EXIT_CODES.usage.code })
}

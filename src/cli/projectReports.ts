import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Settings } from '../config/settingsTable.ts'
import { checkedReport, loadOrCreateReportKey, reportKeyToCheckWith } from '../crypto/reportKey.ts'
import { SHRED_REPORT_TYPE } from '../crypto/shredReport.ts'
import { schemaStatus } from '../db/schema.ts'
import { SqlShredReportRepository } from '../db/shredReportRepository.ts'
import type { StoredShredReport } from '../domain/ports/shredReports.ts'
import { systemClock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { UnorderedDigest } from '../lib/unorderedDigest.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { lookInto } from './lookInto.ts'

export interface ReportsRequest {
  readonly project?: string
  readonly out?: string
  /** A file for the ids of the secrets that went, one a line. */
  readonly ids?: string
}

export interface CheckRequest {
  /** A public key; the settings' own report key when left out. */
  readonly key?: string
  readonly ids?: string
}

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

const LIST_LIMIT = 1000
const NONE = 'No project was shredded.'

const reportShape = z.object({
  type: z.literal(SHRED_REPORT_TYPE),
  project_id: z.string(),
  secret_ids_digest: z.string().regex(/^sum-of-sha256:[0-9a-f]{64}$/),
  removed: z.object({ secrets: z.int() }),
})

/** `gatehouse project reports`: lists them, or writes them out as they were signed, one JWS a line. */
export async function projectReports(settings: Settings, request: ReportsRequest): Promise<Report> {
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) return { text: NONE, reason: 'done' }
  await refuseUnfitSchema(settings)
  const projectId = request.project as ProjectId | undefined
  return refusingWith('database', () =>
    lookInto(url, systemClock(), async (glass) => {
      const repository = new SqlShredReportRepository(glass)
      const found = await repository.list(LIST_LIMIT, projectId)
      if (found.length === 0) return { text: NONE, reason: 'done' }
      const lines = found.map(lineOf)
      if (request.out !== undefined) lines.push(writeReports(request.out, found))
      if (request.ids !== undefined) lines.push(await writeIds(request.ids, found, repository))
      return { text: lines.join('\n'), reason: 'done' }
    }),
  )
}

/** `gatehouse project report key`: the public half, for those who check. */
export async function projectReportKey(settings: Settings): Promise<Report> {
  const { report_key_file: path } = settings.gatehouse
  const { publicKey } = await refusingWith('keys', () => loadOrCreateReportKey(path))
  return { text: String(publicKey.export({ type: 'spki', format: 'pem' })), reason: 'done' }
}

/** `gatehouse project report verify`: wants no database, and with --key no settings. */
export async function projectReportVerify(
  settings: () => Settings,
  file: string,
  { key: keyFile, ids }: CheckRequest,
): Promise<Report> {
  const key =
    keyFile === undefined
      ? (await loadOrCreateReportKey(settings().gatehouse.report_key_file)).publicKey
      : reportKeyToCheckWith(bytesIn(keyFile), keyFile)
  const reports = linesIn(file)
  const texts: string[] = []
  for (const [index, report] of reports.entries()) {
    const payload = await checkedReport(report, key)
    if (payload === undefined) {
      const text = `Report ${index + 1} of ${file} is not what this key signed.`
      return { text, reason: 'damaged' }
    }
    const content: unknown = JSON.parse(payload)
    texts.push(JSON.stringify(content, null, 2))
    if (ids !== undefined && !coversIds(reportShape.parse(content), linesIn(ids))) {
      const text = `The ids in ${ids} are not those of report ${index + 1}: some are missing, or more than went.`
      return { text, reason: 'damaged' }
    }
  }
  if (reports.length === 0) return { text: `${file} holds no report.`, reason: 'damaged' }
  const verdict = `${reports.length} ${reports.length === 1 ? 'report is' : 'reports are'} as signed.`
  return { text: [...texts, verdict].join('\n'), reason: 'done' }
}

function lineOf({ finishedAt, projectId, keys, secrets, report }: StoredShredReport): string {
  const what = `${keys.length} keys, ${secrets} secrets`
  const isSigned = report === undefined ? 'not signed yet' : 'signed'
  return `${finishedAt.slice(0, 19)}  ${isSigned.padEnd(14)}  ${projectId}  (${what})`
}

function writeReports(path: string, found: readonly StoredShredReport[]): string {
  const signed = found.flatMap(({ report }) => (report === undefined ? [] : [`${report}\n`]))
  write(path, signed.join(''))
  return `${signed.length} written to ${path}`
}

async function writeIds(
  path: string,
  found: readonly StoredShredReport[],
  repository: SqlShredReportRepository,
): Promise<string> {
  const [only, ...others] = found
  if (only === undefined || others.length > 0) {
    throw usage('--ids wants one report: name its project, where it was shredded once.')
  }
  const ids: string[] = []
  for await (const id of repository.secretIds(only)) ids.push(`${id}\n`)
  write(path, ids.join(''))
  const kept = `${ids.length} of ${only.secrets} ids written to ${path}`
  return ids.length === only.secrets ? kept : `${kept}: the tombstones of the others are gone`
}

function coversIds(report: z.infer<typeof reportShape>, ids: readonly string[]): boolean {
  const digest = new UnorderedDigest()
  for (const id of ids) digest.add(Buffer.from(id, 'latin1'))
  const found = `sum-of-sha256:${Buffer.from(digest.value()).toString('hex')}`
  return found === report.secret_ids_digest && ids.length === report.removed.secrets
}

function linesIn(path: string): readonly string[] {
  return bytesIn(path)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
}

function bytesIn(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw usage(`${path} cannot be read: ${codeOf(cause)}.`)
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (cause) {
    throw usage(`${path} cannot be written: ${codeOf(cause)}.`)
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

function usage(sentence: string): StartupRefusal {
  return new StartupRefusal(sentence, { exitCode: EXIT_CODES.usage.code })
}

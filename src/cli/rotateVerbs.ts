import type { Settings } from '../config/settingsTable.ts'
import { formatsOfRelease } from '../crypto/formatsOfRelease.ts'
import type { Database } from '../db/database.ts'
import type { FormatStanding } from '../domain/ports/rotation.ts'
import { timeBefore } from '../domain/purge.ts'
import { surveyFormats, surveyRecords } from '../domain/rotation/survey.ts'
import { systemClock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Job, JobScope, VerifyDepth } from '../model/job.ts'
import { StoreBindings } from '../model/storeBindings.ts'
import { EXIT_CODES } from './exitCodes.ts'
import type { Report } from './jobReport.ts'
import { type JobOptions, runJob, withDatabase } from './jobVerbs.ts'
import { nodesThat } from './nodesThat.ts'
import { storePlanOfSettings } from './storePlanOfSettings.ts'
import type { Surroundings } from './surroundings.ts'

export interface RotateOptions extends JobOptions {
  readonly project?: string
  readonly dryRun?: boolean
  readonly verify?: VerifyDepth
}

export interface ProjectKeyOptions extends RotateOptions {
  /** Seconds. */
  readonly olderThan?: number
  readonly all?: boolean
}

/** `gatehouse rotate project-keys` */
export async function rotateProjectKeys(
  settings: Settings,
  options: ProjectKeyOptions,
  surroundings: Surroundings,
): Promise<Report> {
  const { project, olderThan, all = false } = options
  if ([project !== undefined, olderThan !== undefined, all].filter(Boolean).length === 0) {
    throw usage('Say which: --project ID, --older-than TIME, or --all.')
  }
  return withDatabase(settings, async (database) => {
    const before = timeBefore(systemClock(), olderThan ?? 0)
    const scope: JobScope = { verify: 'none', before, ...scopeOf(options) }
    const total = await database.rotation.countKeys(scope, 'active')
    if (options.dryRun === true) {
      return said(`${total} project keys would be followed by a next term. Nothing was changed.`)
    }
    return runJob(settings, database, { kind: 'project-keys', scope, total }, options, surroundings)
  })
}

/** `gatehouse rotate data-keys` */
export async function rotateDataKeys(
  settings: Settings,
  options: RotateOptions,
  surroundings: Surroundings,
): Promise<Report> {
  return withDatabase(settings, async (database) => {
    const scope: JobScope = { verify: options.verify ?? 'dek', ...scopeOf(options) }
    const total = await database.rotation.countRecords(scope)
    if (options.dryRun === true) return survey(database, scope)
    return runJob(settings, database, { kind: 'data-keys', scope, total }, options, surroundings)
  })
}

/** `gatehouse rotate formats`: refuses beside a server of another release, which may not know what is written. */
export async function rotateFormats(
  settings: Settings,
  options: RotateOptions,
  surroundings: Surroundings,
): Promise<Report> {
  return withDatabase(settings, async (database) => {
    const scope: JobScope = { verify: options.verify ?? 'full', ...scopeOf(options) }
    if (options.dryRun === true) return formatsFound(database, scope)
    const others = await nodesThat(database, ({ release }) => release !== surroundings.version)
    if (others.length > 0) {
      return {
        text: `Of another release than this one (${surroundings.version}), so that they may not open what would be written: ${others.join(', ')}. Upgrade them first.`,
        reason: 'nodes',
      }
    }
    const total = await database.rotation.countRecords(scope)
    return runJob(settings, database, { kind: 'formats', scope, total }, options, surroundings)
  })
}

const FORMAT_WORDS: Readonly<Record<FormatStanding, string>> = {
  written: 'that of this release',
  read: 'would be sealed anew in that of this release',
  newer: 'newer than this release: they do not open here',
  unknown: 'no format that this release knows',
}

async function formatsFound(database: Database, scope: JobScope): Promise<Report> {
  const { deploymentId = '' } = await database.deployment.read()
  const formats = formatsOfRelease(deploymentId)
  const found = [...(await surveyFormats(database.rotation, scope))].toSorted(([a], [b]) => a - b)
  const lines = found.map(([format, records]) =>
    [`format ${format}`.padEnd(11), `${records}, ${FORMAT_WORDS[formats.standing(format)]}`].join(
      ' ',
    ),
  )
  return said([...lines, 'Nothing was changed.'].join('\n'))
}

/** `gatehouse project move`: what is new goes there at once, what is there follows. */
export async function projectMove(
  settings: Settings,
  project: string,
  suffix: string,
  options: Omit<RotateOptions, 'project'>,
  surroundings: Surroundings,
): Promise<Report> {
  const plan = storePlanOfSettings(settings)
  if (!plan.isEnabled) {
    throw usage('Several secret stores are not enabled: there is nowhere to move to.')
  }
  const store = plan.stores.find((it) => it.suffix === suffix)
  if (store === undefined) {
    const names = plan.stores.map((it) => it.suffix).join(', ')
    throw usage(`There is no secret store ${suffix}; there are ${names}.`)
  }
  return withDatabase(settings, async (database) => {
    const projectId = projectIdOf(project)
    const toStore = store.kekStore
    const stores = (await database.rotation.keysOf(projectId)).map((key) => key.store)
    const why = new StoreBindings(plan).whyNotMoved(projectId, stores, toStore)
    if (why !== undefined) throw new StartupRefusal(why)
    const scope: JobScope = { verify: options.verify ?? 'dek', projectId, toStore }
    if (options.dryRun === true) return survey(database, scope)
    const rows = await database.secretStores.list()
    const row = rows.find((it) => it.suffix === suffix)
    if (row === undefined) {
      throw new StartupRefusal(
        `The database does not know the secret store ${suffix} yet: start a server, or \`barbican-manage db sync_secret_stores\`.`,
      )
    }
    await database.secretStores.prefer(projectId, row.id, systemClock().now())
    const total = await database.rotation.countRecords(scope)
    const request: Pick<Job, 'kind' | 'scope' | 'total'> = { kind: 'project-move', scope, total }
    return runJob(settings, database, request, options, surroundings)
  })
}

async function survey(database: Database, scope: JobScope): Promise<Report> {
  const found = await surveyRecords(database.rotation, scope, () => undefined)
  const { projects, records, toMove, oldTerms } = found
  return said(
    [
      `projects    ${projects}`,
      `records     ${records}`,
      `to move     ${toMove}`,
      `old terms   ${oldTerms}, destroyed once nothing uses them`,
      'Nothing was changed.',
    ].join('\n'),
  )
}

function scopeOf({ project }: RotateOptions): Pick<JobScope, 'projectId'> {
  return project === undefined ? {} : { projectId: projectIdOf(project) }
}

function projectIdOf(given: string): ProjectId {
  if (given.length > 0 && given.length <= 255) return given as ProjectId
  throw usage('A project id has 1 to 255 characters.')
}

function said(text: string): Report {
  return { text, reason: 'done' }
}

function usage(message: string): StartupRefusal {
  return new StartupRefusal(message, { exitCode: EXIT_CODES.usage.code })
}

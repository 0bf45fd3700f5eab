import { setTimeout } from 'node:timers/promises'
import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { SqlProjectDeletionRepository } from '../db/projectDeletionRepository.ts'
import { schemaStatus } from '../db/schema.ts'
import type { Shredded } from '../domain/ports/projectDeletions.ts'
import { ProjectShredding } from '../domain/projectShredding.ts'
import { systemClock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { ProcProcessMarks } from '../ops/processMarks.ts'
import { databaseOfSettings } from './databaseOfSettings.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { lookInto } from './lookInto.ts'
import { shredReportingOf } from './shredReportingOfSettings.ts'

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/** A server at work writes between two batches. */
const PAUSE_MS = 20
const LIST_LIMIT = 1000

/**
 * `gatehouse project shred`: needs no key, asks nobody, and works beside a running server, which drops
 * what it remembers of the project's keys within ten seconds.
 */
export async function projectShred(settings: Settings, given: string): Promise<Report> {
  const projectId = projectIdOf(given)
  return withDatabase(settings, async (database) => {
    const { deletions } = database
    const clock = systemClock()
    const now = clock.now()
    const noted = await deletions.note(projectId, { source: 'operator', now, notBefore: now })
    if (noted === 'unknown') {
      return { text: `There is nothing of project ${projectId}.`, reason: 'done' }
    }
    const removed = { keys: 0, secrets: 0, containers: 0, orders: 0, consumers: 0 }
    let isDone = false
    const shredding = new ProjectShredding({
      deletions,
      directory: undefined,
      forgetKeys: () => undefined,
      owner: new ProcProcessMarks().own,
      clock,
      onEvent: (event) => {
        if (event.type === 'removed') add(removed, event.removed)
        if (event.type === 'keysDestroyed') removed.keys += event.keys
        if (event.type === 'shredded') isDone = true
      },
    })
    const task = await shredding.claimOrFollow(projectId, (ms) => setTimeout(ms))
    if (task !== undefined) {
      await shredding.perform(task, async () => {
        await setTimeout(PAUSE_MS)
        return true
      })
    }
    const lines = Object.entries(removed).map(([kind, count]) => `${kind.padEnd(12)} ${count}`)
    if (isDone)
      lines.push(`Nothing is left of project ${projectId}.`, await signed(settings, database))
    else
      lines.push(
        `A server is at work on project ${projectId}: \`gatehouse project list\` shows it.`,
      )
    return { text: lines.join('\n'), reason: isDone ? 'done' : 'refused' }
  })
}

/** What was removed stays removed: that a report waits for its signature is told, and no failure. */
async function signed(settings: Settings, database: Database): Promise<string> {
  const { deploymentId = '' } = await database.deployment.read()
  try {
    await shredReportingOf(settings, { database, deploymentId, clock: systemClock() }).signAll()
    return '`gatehouse project reports` shows the signed report of it.'
  } catch (error) {
    if (!(error instanceof StartupRefusal)) throw error
    return `Its report is not signed yet: ${error.message}`
  }
}

/** `gatehouse project keep`: takes a deletion back before its keys are destroyed. */
export async function projectKeep(settings: Settings, given: string): Promise<Report> {
  const projectId = projectIdOf(given)
  return withDatabase(settings, async ({ deletions }) => {
    switch (await deletions.keep(projectId)) {
      case 'kept':
        return { text: `Project ${projectId} may be used.`, reason: 'done' }
      case 'unknown':
        return { text: `No deletion of project ${projectId} is noted.`, reason: 'done' }
      case 'tooLate':
        return {
          text: `The keys of project ${projectId} are destroyed already; what is left of it goes.`,
          reason: 'refused',
        }
    }
  })
}

/** `gatehouse project list`: the projects that are missing, waiting to be shredded, or gone. */
export async function projectList(settings: Settings): Promise<Report> {
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) return noDatabase(url)
  await refuseUnfitSchema(settings)
  const found = await refusingWith('database', () =>
    lookInto(url, systemClock(), (glass) =>
      new SqlProjectDeletionRepository(glass).list(LIST_LIMIT),
    ),
  )
  if (found.length === 0) return { text: 'No project is deleted or missing.', reason: 'done' }
  const lines = found.map(({ projectId, state, source, notBefore }) =>
    [
      state.padEnd(9),
      (notBefore?.slice(0, 19) ?? '-').padEnd(19),
      (source ?? '-').padEnd(12),
      projectId,
    ].join('  '),
  )
  return { text: lines.join('\n'), reason: 'done' }
}

async function withDatabase(
  settings: Settings,
  work: (database: Database) => Promise<Report>,
): Promise<Report> {
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) return noDatabase(url)
  await refuseUnfitSchema(settings)
  return refusingWith('database', async () => {
    const database = await openDatabase({
      ...databaseOfSettings(settings),
      clock: systemClock(),
    })
    try {
      return await work(database)
    } finally {
      // Empties the log: what a destroyed key leaves there is gone with it.
      await database.close()
    }
  })
}

function noDatabase(url: string): Report {
  return { text: `There is no database at ${maskUrl(url)} yet.`, reason: 'done' }
}

function projectIdOf(given: string): ProjectId {
  if (given.length > 0 && given.length <= 255) return given as ProjectId
  throw new StartupRefusal('A project id has 1 to 255 characters.', {
    exitCode: EXIT_CODES.usage.code,
  })
}

function add(sum: { -readonly [Kind in keyof Shredded]: number }, removed: Shredded): void {
  for (const kind of Object.keys(sum) as (keyof Shredded)[]) sum[kind] += removed[kind]
}

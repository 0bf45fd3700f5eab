import { setTimeout } from 'node:timers/promises'
import type { LoadedSettings } from '../../config/loadSettings.ts'
import { SettingsRefused } from '../../config/settingsMistake.ts'
import { systemClock } from '../../lib/clock.ts'
import type { ExitReason } from '../exitCodes.ts'
import { refusalOf } from '../refusalSentence.ts'
import { brokerCheck } from './brokerCheck.ts'
import { certificatesCheck } from './certificatesCheck.ts'
import { databaseCheck } from './databaseCheck.ts'
import { filesCheck } from './filesCheck.ts'
import { type Check, error, type Finding, type Grade } from './finding.ts'
import { keysCheck } from './keysCheck.ts'
import { keystoneCheck } from './keystoneCheck.ts'
import { machineCheck, primitivesCheck } from './machineCheck.ts'
import { policyCheck } from './policyCheck.ts'
import { serverCheck } from './serverCheck.ts'
import { settingsCheck } from './settingsCheck.ts'
import { tokenCacheCheck } from './tokenCacheCheck.ts'

/** In the order in which somebody would ask: what the first finds may explain the others. */
export const CHECKS: readonly Check[] = [
  settingsCheck,
  machineCheck,
  primitivesCheck,
  filesCheck,
  databaseCheck,
  keysCheck,
  certificatesCheck,
  policyCheck,
  keystoneCheck,
  tokenCacheCheck,
  brokerCheck,
  serverCheck,
]

/** Whatever a check waits for, the next one is to be made. */
const PATIENCE_MS = 60_000

export type Diagnosis = Finding & { readonly check: string }

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/** `gatehouse doctor`: makes every check, also behind one that fails, and changes nothing. */
export async function doctor(
  load: () => LoadedSettings,
  { json = false }: { readonly json?: boolean },
): Promise<Report> {
  const diagnoses = await examine(load)
  const has = (grade: Grade) => diagnoses.some((one) => one.grade === grade)
  const reason = has('error') ? 'unwell' : has('warning') ? 'warned' : 'done'
  const text = json
    ? JSON.stringify({ verdict: VERDICTS[reason], findings: diagnoses }, null, 2)
    : [...diagnoses.flatMap(linesOf(diagnoses)), '', verdictLine(diagnoses, reason)].join('\n')
  return { text, reason }
}

const VERDICTS = { done: 'fine', warned: 'warning', unwell: 'error' } as const

async function examine(load: () => LoadedSettings): Promise<readonly Diagnosis[]> {
  const clock = systemClock()
  let loaded: LoadedSettings
  try {
    loaded = load()
  } catch (cause) {
    return mistakesIn(cause)
  }
  const patient = { loaded, settings: loaded.settings, clock }
  const diagnoses: Diagnosis[] = []
  for (const check of CHECKS) {
    const findings = await withPatience(check.look(patient)).catch((cause: unknown) => [
      failureOf(cause),
    ])
    diagnoses.push(...findings.map((finding) => ({ check: check.name, ...finding })))
  }
  return diagnoses
}

/** Nothing that follows from settings can be looked at; each mistake is one finding. */
function mistakesIn(cause: unknown): readonly Diagnosis[] {
  const check = settingsCheck.name
  if (!(cause instanceof SettingsRefused)) return [{ check, ...failureOf(cause) }]
  const todo = 'Correct it: the other checks wait for settings that are right.'
  return cause.mistakes.map(({ where, what }) => ({ check, ...error(`${where}: ${what}`, todo) }))
}

function failureOf(cause: unknown): Finding {
  const { sentence, isBug } = refusalOf(cause)
  return error(
    isBug && cause instanceof Error ? `${sentence} ${cause.message}` : sentence,
    isBug
      ? 'Report this with what is printed here.'
      : 'Do what the sentence says; a server would not start on it.',
  )
}

async function withPatience<T>(work: Promise<T>): Promise<T | Finding[]> {
  const ended = new AbortController()
  const late = setTimeout(PATIENCE_MS, undefined, { signal: ended.signal }).then(() => [
    error(
      `This check had no answer within ${PATIENCE_MS / 1000} s.`,
      'Look for what does not answer: a database, a KEK store, a network in between.',
    ),
  ])
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    ended.abort()
  }
}

function linesOf(all: readonly Diagnosis[]) {
  const width = Math.max(...all.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 2 + 'warning'.length + 2)
  return (diagnosis: Diagnosis, index: number): readonly string[] => {
    const { check, grade, what } = diagnosis
    const name = all[index - 1]?.check === check ? '' : check
    const word = { fine: 'ok', warning: 'warning', error: 'ERROR' }[grade]
    const line = `${name.padEnd(width)}  ${word.padEnd('warning'.length)}  ${what}`
    return diagnosis.grade === 'fine' ? [line] : [line, `${indent}-> ${diagnosis.todo}`]
  }
}

function verdictLine(all: readonly Diagnosis[], reason: keyof typeof VERDICTS): string {
  const count = (grade: Grade) => all.filter((one) => one.grade === grade).length
  if (reason === 'done') return `All ${all.length} findings are fine.`
  return `${count('error')} errors, ${count('warning')} warnings, ${count('fine')} fine.`
}

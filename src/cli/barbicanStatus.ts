import { extname } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { ConfigSource } from '../config/configFiles.ts'
import type { LoadedSettings } from '../config/loadSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { schemaStatus } from '../db/schema.ts'
import { unfitness } from './dbVerbs.ts'
import { refusingWith } from './exitCodes.ts'
import { kekStatus } from './kekStatus.ts'
import { openPolicyFiles } from './policyOfSettings.ts'
import { refusalOf } from './refusalSentence.ts'
import { settingsOfCommand } from './settingsOfCommand.ts'
import type { Surroundings } from './surroundings.ts'

/** oslo.upgradecheck's, which tools that call `barbican-status upgrade check` act on. */
const CODES = { success: 0, warning: 1, failure: 2, notUnderstood: 255 } as const

interface Verdict {
  readonly result: 'success' | 'warning' | 'failure'
  readonly details?: string
}

interface Check {
  readonly name: string
  judge(settings: Settings): Promise<Verdict>
}

/** What may be in the way of this release. Each only looks. */
const CHECKS: readonly Check[] = [
  { name: 'Policy', judge: judgePolicy },
  { name: 'Schema', judge: judgeSchema },
  { name: 'Key-encryption keys', judge: judgeKeks },
]

/** `barbican-status upgrade check`. @returns 0 nothing in the way, 1 something to know, 2 something to mend first */
export async function runBarbicanStatus(surroundings: Surroundings): Promise<number> {
  const { out, err, args } = surroundings
  const sources: ConfigSource[] = []
  const collect = (kind: ConfigSource['kind']) => (path: string) => {
    sources.push({ kind, path })
    return path
  }
  let code: number = CODES.success
  const program = new Command('barbican-status')
    .description('Of this command Gatehouse knows `upgrade check`, which deployment tools call.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
    .option('--config-file <file>', 'read settings from this file', collect('file'))
    .option('--config-dir <dir>', "and from this folder's *.conf", collect('folder'))
    .option('--debug', 'taken and ignored')
    .option('--log-file <file>', 'taken and ignored')
    .showHelpAfterError()
  program
    .command('upgrade')
    .description('before this release takes over')
    .command('check')
    .description('look for what is in its way; changes nothing')
    .action(async () => {
      const verdicts = await judged(() => settingsOfCommand(surroundings, sources))
      for (const [name, { result, details }] of verdicts) {
        out.write(`${name}: ${result}${details === undefined ? '' : `: ${details}`}\n`)
      }
      code = Math.max(...verdicts.map(([, { result }]) => CODES[result]))
    })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? CODES.success : CODES.notUnderstood
    }
    throw error
  }
}

async function judged(
  load: () => LoadedSettings,
): Promise<readonly (readonly [name: string, verdict: Verdict])[]> {
  let loaded: LoadedSettings
  try {
    loaded = load()
  } catch (error) {
    return [['Settings', failureOf(error)]]
  }
  const verdicts: (readonly [string, Verdict])[] = [['Settings', judgeNotices(loaded)]]
  for (const { name, judge } of CHECKS) {
    verdicts.push([name, await judge(loaded.settings).catch(failureOf)])
  }
  return verdicts
}

/** What does nothing here is said by every start; it stands in nobody's way. */
function judgeNotices({ notices }: LoadedSettings): Verdict {
  return notices.length === 0
    ? { result: 'success' }
    : { result: 'success', details: notices.join(' ') }
}

async function judgePolicy(settings: Settings): Promise<Verdict> {
  const { files } = await openPolicyFiles(settings)
  const json = files.filter((file) => extname(file) === '.json')
  if (json.length === 0) return { result: 'success' }
  const details = `${json.join(', ')} is JSON, which oslo.policy gave up; it is still read: write YAML.`
  return { result: 'warning', details }
}

/** A pending migration is what the upgrade is for; a newer schema is not to be got over. */
async function judgeSchema(settings: Settings): Promise<Verdict> {
  const status = await refusingWith('database', () => schemaStatus(settings.database.connection))
  const found = unfitness(status)
  if (found === undefined) return { result: 'success' }
  return {
    result: found.reason === 'newerSchema' ? 'failure' : 'success',
    details: found.sentence,
  }
}

async function judgeKeks(settings: Settings): Promise<Verdict> {
  const { text, reason } = await kekStatus(settings)
  return reason === 'done'
    ? { result: 'success' }
    : { result: 'failure', details: text.split('\n').filter(Boolean).at(-1) ?? text }
}

function failureOf(error: unknown): Verdict {
  return { result: 'failure', details: refusalOf(error).sentence }
}

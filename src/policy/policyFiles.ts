import { readdir, readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { type CompiledRules, compileRules, type RuleSources } from './compiledRules.ts'
import { rulesInText } from './policyText.ts'
import { RuleError } from './ruleError.ts'

export interface PolicyFilesOptions extends Omit<RuleSources, 'overrides'> {
  /** `[oslo_policy] policy_file`; if absent policy.yaml, and policy.json for those who still have one. */
  readonly policyFile?: string | undefined
  /** `[oslo_policy] policy_dirs`: files in them come later and win. */
  readonly policyDirs?: readonly string[] | undefined
  /** Where relative names are looked for, first match: beside the configuration. */
  readonly searchDirs: readonly string[]
}

/** 'unchanged', new rules, or why the last good ones stay. */
export type Reload =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'reloaded'; readonly rules: CompiledRules; readonly files: readonly string[] }
  | { readonly kind: 'broken'; readonly reason: string }

interface FileState {
  readonly path: string
  /** The policy_file itself, not one of policy_dirs. */
  readonly isMain: boolean
  /** Changes when the file does. */
  readonly mark: string
}

const DEFAULT_FILES: readonly string[] = ['policy.yaml', 'policy.json']
const MAX_BYTES = 1_048_576

/** Rules as the files give them. */
interface FileRules {
  readonly rules: CompiledRules
  /** Which file each overriding rule came from. */
  readonly origins: ReadonlyMap<string, string>
}

/** The operator's rules on disk. What stands there is taken only if all of it makes sense. */
export class PolicyFiles {
  readonly #options: PolicyFilesOptions
  #taken: FileRules
  #loaded: readonly FileState[]
  /** How the files looked last time: what is still being written looks different next time. */
  #seen: string
  /** How they looked when they were last taken or found broken, so that each is said once. */
  #judged: string
  #problem = ''

  private constructor(options: PolicyFilesOptions, loaded: readonly FileState[], taken: FileRules) {
    this.#options = options
    this.#loaded = loaded
    this.#taken = taken
    this.#seen = marksOf(loaded)
    this.#judged = this.#seen
  }

  /** @throws StartupRefusal when a file cannot be enforced, or one that was asked for is missing */
  static async open(options: PolicyFilesOptions): Promise<PolicyFiles> {
    try {
      const files = await findFiles(options)
      return new PolicyFiles(options, files, await compiled(options, files))
    } catch (cause) {
      throw new StartupRefusal(`The policy cannot be enforced: ${reasonOf(cause)}.`, { cause })
    }
  }

  /** The last good ones. */
  get rules(): CompiledRules {
    return this.#taken.rules
  }

  /** The file that each overriding rule came from. */
  get origins(): ReadonlyMap<string, string> {
    return this.#taken.origins
  }

  get files(): readonly string[] {
    return this.#loaded.map(({ path }) => path)
  }

  /**
   * Takes what changed, once it has looked the same twice: half a file can be good YAML with half the
   * rules. What is broken is said once, and the last good rules stay.
   */
  async reload(): Promise<Reload> {
    let found: readonly FileState[]
    try {
      found = await findFiles(this.#options)
    } catch (error) {
      return this.#brokenOnce(reasonOf(error))
    }
    this.#problem = ''
    const marks = marksOf(found)
    const isSettled = marks === this.#seen
    this.#seen = marks
    if (!isSettled || marks === this.#judged) return { kind: 'unchanged' }
    this.#judged = marks
    try {
      this.#refuseIfGone(found)
      this.#taken = await compiled(this.#options, found)
    } catch (error) {
      return { kind: 'broken', reason: reasonOf(error) }
    }
    this.#loaded = found
    return { kind: 'reloaded', rules: this.rules, files: this.files }
  }

  #brokenOnce(reason: string): Reload {
    if (reason === this.#problem) return { kind: 'unchanged' }
    this.#problem = reason
    return { kind: 'broken', reason }
  }

  /** Falling back to the defaults because a file went away could open what it had closed. */
  #refuseIfGone(found: readonly FileState[]): void {
    const main = this.#loaded.find(({ isMain }) => isMain)
    if (main !== undefined && !found.some(({ isMain }) => isMain)) {
      throw new RuleError(`${main.path} has gone; restart to go back to the default policy`)
    }
  }
}

/** In the order in which they count: a later file wins. */
async function findFiles(options: PolicyFilesOptions): Promise<readonly FileState[]> {
  const { policyFile, policyDirs = ['policy.d'], searchDirs } = options
  const names =
    policyFile === undefined || policyFile === DEFAULT_FILES[0] ? DEFAULT_FILES : [policyFile]
  const files: FileState[] = []
  const main = await firstPresent(names, searchDirs)
  if (main !== undefined) files.push(await stateOf(main, true))
  // oslo.policy goes on with its defaults. A file with a name of its own is there for a reason, though.
  else if (policyFile !== undefined && !DEFAULT_FILES.includes(policyFile)) {
    throw new RuleError(`[oslo_policy] policy_file ${policyFile} does not exist`)
  }
  for (const name of policyDirs) {
    const folder = await firstPresent([name], searchDirs)
    if (folder === undefined) continue
    const entries = await readdir(folder)
    for (const entry of entries.filter((each) => !each.startsWith('.')).sort()) {
      const path = join(folder, entry)
      if ((await stat(path)).isFile()) files.push(await stateOf(path, false))
    }
  }
  return files
}

async function firstPresent(
  names: readonly string[],
  searchDirs: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    const places = isAbsolute(name) ? [name] : searchDirs.map((folder) => join(folder, name))
    for (const place of places) if (await isPresent(place)) return place
  }
  return undefined
}

async function isPresent(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    )
      return false
    throw error
  }
}

async function stateOf(path: string, isMain: boolean): Promise<FileState> {
  const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true })
  return { path, isMain, mark: `${path}|${mtimeNs}|${ctimeNs}|${size}|${ino}` }
}

function marksOf(files: readonly FileState[]): string {
  return files.map(({ mark }) => mark).join('\n')
}

async function compiled(
  options: PolicyFilesOptions,
  files: readonly FileState[],
): Promise<FileRules> {
  const overrides = new Map<string, unknown>()
  const origins = new Map<string, string>()
  for (const { path } of files) {
    try {
      for (const [name, rule] of rulesInText(await textOf(path))) {
        overrides.set(name, rule)
        origins.set(name, path)
      }
    } catch (error) {
      throw error instanceof RuleError ? new RuleError(`${path}: ${error.message}`) : error
    }
  }
  try {
    return { rules: compileRules({ ...options, overrides }), origins }
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    throw new RuleError(`${files.map(({ path }) => path).join(', ')}: ${error.message}`)
  }
}

async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path)
  if (bytes.length > MAX_BYTES) throw new RuleError(`longer than ${MAX_BYTES} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RuleError('not UTF-8')
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown error'
}

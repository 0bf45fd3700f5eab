import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Prepared } from './suite.ts'

export interface Outcome {
  readonly test: string
  readonly end: 'pass' | 'fail' | 'skip'
  /** Reason of a skip, traceback of a failure. */
  readonly detail: string
}

interface Line extends Partial<Outcome> {
  readonly status?: number
}

const HELPERS = join(import.meta.dirname, 'python')

/** A login of whoever runs this, and the proxy they sit behind, are no part of a suite. */
const environment = (
  folder: string,
  { pythonPath = [], env = {} }: Prepared,
): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OS_|PYTHON|https?_proxy)/i.test(name)),
  ),
  PYTHON: '/usr/bin/python3',
  PYTHONPATH: [HELPERS, folder, ...pythonPath].join(':'),
  // Clones stay as they are.
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONWARNINGS: 'ignore',
  no_proxy: '127.0.0.1,localhost',
  ...env,
})

/** One call of stestr; each test's outcome as it comes. */
async function* call(
  folder: string,
  prepared: Prepared,
  args: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Outcome> {
  const repository = ['--repo-url', join(folder, 'stestr')]
  const groups = prepared.together === undefined ? [] : ['--group-regex', prepared.together]
  const where = ['--test-path', prepared.testPath, '--top-dir', folder, ...repository, ...groups]
  const program = [join(HELPERS, 'stestr_lines.py'), ...where, 'run', '--subunit', ...args]
  const child = spawn('/usr/bin/python3', program, {
    cwd: folder,
    env: environment(folder, prepared),
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its workers are its children: the group is what must end.
    detached: true,
  })
  const { promise: exited, resolve } = Promise.withResolvers<number | null>()
  child.once('error', () => resolve(null))
  child.once('close', (code) => resolve(code))
  child.stderr.pipe(createWriteStream(join(folder, 'stestr.log'), { flags: 'a' }))
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  process.once('exit', kill)
  signal.addEventListener('abort', kill, { once: true })
  try {
    let status: number | undefined
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Line
      status = line.status ?? status
      const { test, end, detail = '' } = line
      if (test !== undefined && end !== undefined) yield { test, end, detail }
    }
    const code = await exited
    if (signal.aborted) throw new Error('the suite took too long')
    // stestr itself ends with 1 where tests failed; what is told of them counts, not that.
    if (code !== 0 || status === undefined || status > 1)
      throw new Error(`stestr ended with ${status}, its reader with ${code}; see stestr.log`)
  } finally {
    kill()
    process.off('exit', kill)
    signal.removeEventListener('abort', kill)
  }
}

/** All tests of a suite: those that may run side by side, then those that may not. */
export async function* outcomes(
  folder: string,
  prepared: Prepared,
  signal: AbortSignal,
): AsyncGenerator<Outcome> {
  const workers = prepared.workers ?? Math.min(4, Math.max(2, availableParallelism()))
  const { only = '.', alone } = prepared
  const except = alone === undefined ? [] : ['--exclude-regex', alone]
  const wide = workers === 1 ? ['--serial'] : ['--concurrency', String(workers)]
  yield* call(folder, prepared, [...wide, ...except, only], signal)
  if (alone !== undefined) yield* call(folder, prepared, ['--serial', alone], signal)
}

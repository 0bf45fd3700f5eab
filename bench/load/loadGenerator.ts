import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onCore } from '../target/onCore.ts'
import type { LoadJob, LoadResult, LoadShape } from './loadJob.ts'
import { rawRequest } from './rawRequest.ts'

const run = promisify(execFile)

/** A job that was written down once and can be run again and again. */
export interface LoadedJob {
  run(shape: LoadShape): Promise<LoadResult>
}

/** The load comes from a process of its own: what it costs is not the server's. */
export class LoadGenerator {
  readonly #kind: 'wrk' | 'autocannon'
  readonly #core: number | undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-load-'))
  #jobs = 0

  constructor(kind: 'wrk' | 'autocannon', core: number | undefined) {
    this.#kind = kind
    this.#core = core
  }

  load(job: LoadJob): LoadedJob {
    const path = join(this.#folder, `${++this.#jobs}.requests`)
    const { origin } = job
    if ('sequences' in job) {
      writeFileSync(path, JSON.stringify(job))
      return { run: (shape) => this.#run(byNode('sequenceLoad.ts', path, shape), shape) }
    }
    if ('arrivals' in job) {
      writeFileSync(path, JSON.stringify(job))
      return { run: (shape) => this.#run(byNode('arrivalLoad.ts', path, shape), shape) }
    }
    if (this.#kind === 'autocannon') {
      writeFileSync(path, JSON.stringify(job))
      return { run: (shape) => this.#run(byNode('autocannonLoad.ts', path, shape), shape) }
    }
    writeFileSync(path, job.requests.map((request) => rawRequest(request, origin)).join('\0'))
    return { run: (shape) => this.#run(byWrk(origin, path, shape), shape) }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #run(command: readonly string[], { seconds }: LoadShape): Promise<LoadResult> {
    const [program = '', ...args] = onCore(this.#core, command)
    const { stdout } = await run(program, args, { timeout: seconds * 1000 + 30_000 })
    // wrk prints a report of its own first; ours is the last line.
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LoadResult
  }
}

function byWrk(origin: string, path: string, { connections, seconds }: LoadShape) {
  const script = join(import.meta.dirname, 'rotate.lua')
  const shape = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout=10s']
  return ['wrk', ...shape, `-s${script}`, origin, '--', path]
}

function byNode(script: string, path: string, { connections, seconds }: LoadShape) {
  const shape = [String(connections), String(seconds)]
  return [process.execPath, join(import.meta.dirname, script), path, ...shape]
}

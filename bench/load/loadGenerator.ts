import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onCore } from '../target/onCore.ts'
import type { LoadJob, LoadRequest, LoadResult, LoadShape } from './loadJob.ts'

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
    if (this.#kind === 'wrk') {
      writeFileSync(path, job.requests.map((request) => raw(request, job.origin)).join('\0'))
    } else {
      writeFileSync(path, JSON.stringify(job))
    }
    return { run: (shape) => this.#run(path, job.origin, shape) }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #run(path: string, origin: string, shape: LoadShape): Promise<LoadResult> {
    const { connections, seconds } = shape
    const command =
      this.#kind === 'wrk'
        ? [
            'wrk',
            '-t1',
            `-c${connections}`,
            `-d${seconds}s`,
            '--timeout=10s',
            `-s${join(import.meta.dirname, 'rotate.lua')}`,
            origin,
            '--',
            path,
          ]
        : [
            process.execPath,
            join(import.meta.dirname, 'autocannonLoad.ts'),
            path,
            String(connections),
            String(seconds),
          ]
    const [program = '', ...args] = onCore(this.#core, command)
    const { stdout } = await run(program, args, { timeout: seconds * 1000 + 30_000 })
    // wrk prints a report of its own first; ours is the last line.
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LoadResult
  }
}

function raw({ method, path, headers, body }: LoadRequest, origin: string): string {
  const all = {
    Host: new URL(origin).host,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}

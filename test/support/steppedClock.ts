import { readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Debian's package `faketime`; one folder for each architecture. */
const LIBRARIES = '/usr/lib'

/** A wall clock of some processes alone, that a test puts forward and back. Their monotonic clock runs on. */
export class SteppedClock {
  readonly env: NodeJS.ProcessEnv
  readonly #file: string

  private constructor(library: string, file: string) {
    this.#file = file
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    this.set(0)
  }

  static async make(t: { after(work: () => Promise<void>): unknown }): Promise<SteppedClock> {
    const folder = await mkdtemp(join(tmpdir(), 'gh-clock-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return new SteppedClock(faketime(), join(folder, 'offset'))
  }

  /** Minutes from the machine's own clock. */
  set(minutes: number): void {
    writeFileSync(this.#file, `${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}m\n`)
  }
}

function faketime(): string {
  for (const architecture of readdirSync(LIBRARIES)) {
    if (!architecture.endsWith('-linux-gnu')) continue
    const folder = join(LIBRARIES, architecture)
    if (readdirSync(folder).includes('faketime')) return join(folder, 'faketime/libfaketime.so.1')
  }
  throw new Error('libfaketime is not installed (Debian: faketime)')
}

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KeptKekStore } from '../../src/crypto/kek/keptKekStore.ts'
import {
  hsmConnection,
  openPkcs11,
  type Pkcs11Request,
} from '../../src/crypto/kek/pkcs11/openPkcs11.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { pkcs11Addon } from './pkcs11Addon.ts'

export const SOFT_HSM_LIBRARY = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/libsofthsm2.so',
].find((path) => existsSync(path))
export const PIN = 'canary-of-a-pin'
const SECURITY_OFFICER = 'canary-of-an-officer'

/** Where these tests want Debian's softhsm2, and this machine has none. */
export const NO_SOFT_HSM =
  SOFT_HSM_LIBRARY === undefined && 'there is no SoftHSM: apt install softhsm2'

/** A SoftHSM of its own: a folder of tokens that can be taken away. */
export class SoftHsm {
  readonly addon: string
  readonly folder: string

  private constructor(addon: string, folder: string) {
    this.addon = addon
    this.folder = folder
  }

  static async make(): Promise<SoftHsm> {
    const hsm = new SoftHsm(await pkcs11Addon(), await mkdtemp(join(tmpdir(), 'gatehouse-hsm-')))
    await mkdir(hsm.#tokens)
    await writeFile(
      join(hsm.folder, 'softhsm2.conf'),
      `directories.tokendir = ${hsm.#tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    )
    await writeFile(hsm.pinFile, `${PIN}\n`, { mode: 0o600 })
    return hsm
  }

  get library(): string {
    return SOFT_HSM_LIBRARY ?? ''
  }

  get environment(): Readonly<Record<string, string>> {
    return { SOFTHSM2_CONF: join(this.folder, 'softhsm2.conf') }
  }

  get pinFile(): string {
    return join(this.folder, 'pin')
  }

  get #tokens(): string {
    return join(this.folder, 'tokens')
  }

  async addToken(label: string): Promise<void> {
    await promisify(execFile)(
      'softhsm2-util',
      ['--init-token', '--free', '--label', label, '--so-pin', SECURITY_OFFICER, '--pin', PIN],
      { env: { ...process.env, ...this.environment } },
    )
  }

  /** As `gatehouse hsm generate-kek` does. */
  async addKey(label: string): Promise<void> {
    const connection = hsmConnection(this.request({ labels: [] }), () => undefined)
    try {
      await connection.open()
      await connection.ask({ verb: 'generate', label }, [], new AbortController().signal)
    } finally {
      connection.close()
    }
  }

  /** As with the tools of a vendor. */
  async destroyKey(label: string): Promise<void> {
    await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'destroyHsmKey.js'), this.addon, this.library, PIN, label],
      { env: { ...process.env, ...this.environment } },
    )
  }

  /** As when somebody pulls the HSM out of the rack. */
  async takeAway(): Promise<void> {
    await rename(this.#tokens, `${this.#tokens}.away`)
    await mkdir(this.#tokens)
  }

  async bringBack(): Promise<void> {
    if (!existsSync(`${this.#tokens}.away`)) return
    await rm(this.#tokens, { recursive: true })
    await rename(`${this.#tokens}.away`, this.#tokens)
  }

  request(changes: Partial<Pkcs11Request> = {}): Pkcs11Request {
    return {
      name: 'pkcs11',
      addon: this.addon,
      libraryPath: this.library,
      token: { serial: undefined, labels: ['gatehouse'], slotId: undefined },
      labels: ['kek'],
      known: [],
      mechanism: 'auto',
      maxSessions: 4,
      isReadWrite: true,
      environment: this.environment,
      readPin: () => readFileSync(this.pinFile),
      timeoutMs: 5_000,
      patienceMs: 0,
      clock: systemClock(),
      ...changes,
    }
  }

  open(changes: Partial<Pkcs11Request> = {}): Promise<KeptKekStore> {
    return openPkcs11(this.request(changes))
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

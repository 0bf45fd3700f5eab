import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CertificateTrouble } from './certificateFiles.ts'

/** What `gatehouse tls init` makes; each file may be replaced by one of an operator's own. */
export class PemFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 })
  }

  /** @throws CertificateTrouble when one of them is there */
  async refuseAny(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const isThere = await lstat(this.file(name)).then(
        () => true,
        () => false,
      )
      if (isThere) {
        throw new CertificateTrouble(
          `${this.file(name)} is there already and stays as it is: move it away, or use another folder.`,
        )
      }
    }
  }

  /** @throws CertificateTrouble */
  async read(name: string): Promise<string> {
    try {
      return await readFile(this.file(name), 'utf8')
    } catch (cause) {
      throw new CertificateTrouble(`${this.file(name)} cannot be read: ${codeOf(cause)}.`, {
        cause,
      })
    }
  }

  /** Never in the place of a file that is there. @throws CertificateTrouble */
  async add(name: string, content: string): Promise<void> {
    await this.#write(name, content, (copy) => link(copy, this.file(name)))
  }

  /** Whole, or not at all. @throws CertificateTrouble */
  async replace(name: string, content: string): Promise<void> {
    await this.#write(name, content, (copy) => rename(copy, this.file(name)))
  }

  async #write(
    name: string,
    content: string,
    putInPlace: (copy: string) => Promise<void>,
  ): Promise<void> {
    const copy = this.file(`.${name}.${randomBytes(6).toString('hex')}.tmp`)
    try {
      const file = await open(copy, 'wx', name.endsWith('.key') ? 0o600 : 0o644)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await putInPlace(copy)
    } catch (cause) {
      throw new CertificateTrouble(`${this.file(name)} cannot be written: ${codeOf(cause)}.`, {
        cause,
      })
    } finally {
      await rm(copy, { force: true })
    }
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}

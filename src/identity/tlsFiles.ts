import { statSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

export type TlsFilesEvent =
  | { readonly kind: 'filesRenewed' }
  /** What was read before stays in use. Told once for each state of the files. */
  | { readonly kind: 'filesRefused'; readonly reason: string }

export interface TlsFilesParts {
  readonly files: readonly string[]
  /** @throws when one cannot be read */
  readonly read: () => SecureContextOptions
  readonly onEvent: (event: TlsFilesEvent) => void
  readonly lookEveryMs?: number
}

/** Certificates for connections to somebody else, read again when their files have changed. */
export class TlsFiles {
  readonly #parts: TlsFilesParts
  #current: SecureContextOptions
  #seen: string
  #lookedAtMs = performance.now()

  /** @throws what `read` throws */
  constructor(parts: TlsFilesParts) {
    this.#parts = parts
    this.#seen = marksOf(parts.files)
    this.#current = parts.read()
  }

  get current(): SecureContextOptions {
    return this.#current
  }

  /** True when there are others now. Costs a look at the files once in a while, and mostly not even that. */
  look(): boolean {
    const { files, read, onEvent, lookEveryMs = 1000 } = this.#parts
    const nowMs = performance.now()
    if (files.length === 0 || nowMs - this.#lookedAtMs < lookEveryMs) return false
    this.#lookedAtMs = nowMs
    const marks = marksOf(files)
    if (marks === this.#seen) return false
    this.#seen = marks
    try {
      const renewed = read()
      // A certificate whose key is still to be written does not fit the old one.
      createSecureContext(renewed)
      this.#current = renewed
    } catch (error) {
      onEvent({ kind: 'filesRefused', reason: error instanceof Error ? error.message : 'unknown' })
      return false
    }
    onEvent({ kind: 'filesRenewed' })
    return true
  }
}

function marksOf(files: readonly string[]): string {
  return files.map(markOf).join(' ')
}

/** Another file under the name, or another content in the file. */
function markOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined
    ? 'none'
    : `${found.ino}/${found.mtimeMs}/${found.ctimeMs}/${found.size}`
}

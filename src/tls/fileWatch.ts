import { type FSWatcher, watch } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface FileWatchParts {
  readonly files: readonly string[]
  readonly onChange: () => void
  /** Several writes in a row are one change. */
  readonly quietMs?: number
}

/**
 * Says that something happened around these files. It watches their folders, and those that links lead to:
 * a rename into place, a link that is turned (as Kubernetes does with `..data`) and a write are all seen there.
 * It may say so for nothing, and may miss what a network file system does not tell; hence whoever listens also
 * looks now and then.
 */
export class FileWatch {
  readonly #parts: FileWatchParts
  readonly #watchers = new Map<string, FSWatcher>()
  #quiet: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(parts: FileWatchParts) {
    this.#parts = parts
  }

  /** Also after each change: a link may lead elsewhere now. */
  async arm(): Promise<void> {
    const folders = new Set<string>()
    for (const file of this.#parts.files) {
      folders.add(dirname(file))
      const target = await realpath(file).catch(() => undefined)
      if (target !== undefined) folders.add(dirname(target))
    }
    if (this.#isClosed) return
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watch(folder)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#quiet)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#changed())
      watcher.on('error', () => this.#forget(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // No folder, or no more watches to be had: the slow look sees it.
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #changed(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(this.#parts.onChange, this.#parts.quietMs ?? 250).unref()
  }
}

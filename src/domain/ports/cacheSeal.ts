/** Seals what leaves this process for a cache that others may read and write. */
export interface CacheSeal {
  /** What the cache calls an entry. Tells nothing about `key` to whoever has not our secret. */
  nameOf(space: string, key: string): string
  /** For this name alone. */
  seal(name: string, content: Uint8Array): Buffer
  /** undefined: not sealed under this name by somebody who has our secret; damaged counts as well. */
  open(name: string, sealed: Uint8Array): Buffer | undefined
}

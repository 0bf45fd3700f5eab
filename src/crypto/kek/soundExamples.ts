import { randomBytes } from 'node:crypto'
import type { WrappedKey } from '../../domain/ports/crypto.ts'
import { KEK_BYTES } from './kek.ts'

/** A store's own ways to and from its keeper, whose refusals come through as they are. */
export interface Ways {
  wrap(key: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey>
  unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

interface Example {
  readonly wrapped: WrappedKey
  readonly context: Uint8Array
}

/**
 * Wrapped keys that opened, one for each KEK and form. Keepers refuse what does not open with whatever reason they
 * like, some with that of any failure of theirs: if its example opens at that moment, the other blob is at fault.
 */
export class SoundExamples {
  readonly #unwrap: Ways['unwrap']
  readonly #byKek = new Map<string, Example>()

  constructor(unwrap: Ways['unwrap']) {
    this.#unwrap = unwrap
  }

  /** The first of its kind is kept. */
  opened({ kekId, blob }: WrappedKey, context: Uint8Array): void {
    const kind = kindOf({ kekId, blob })
    if (this.#byKek.has(kind)) return
    // What it was called with may be wiped or used again.
    const wrapped = { kekId, blob: Uint8Array.from(blob) }
    this.#byKek.set(kind, { wrapped, context: Uint8Array.from(context) })
  }

  /** Does what is known to be sound open now? false while nothing of that kind has ever opened. */
  async doOpen(like: WrappedKey, signal: AbortSignal): Promise<boolean> {
    const example = this.#byKek.get(kindOf(like))
    if (example === undefined) return false
    try {
      const opened = await this.#unwrap(example.wrapped, example.context, signal)
      opened.fill(0)
      return true
    } catch {
      return false
    }
  }
}

function kindOf({ kekId, blob }: WrappedKey): string {
  return `${blob[0] ?? ''} ${kekId}`
}

/**
 * Shows with a key made for it that the keeper binds the context.
 * @returns false when it opened in another context than its own
 * @throws what `ways` throws when it does not open at all
 */
export async function bindsContext(ways: Ways, signal: AbortSignal): Promise<boolean> {
  const key = randomBytes(KEK_BYTES)
  const context = randomBytes(16)
  const wipe = (opened: Uint8Array) => void opened.fill(0)
  try {
    const wrapped = await ways.wrap(key, context, signal)
    const opened = await ways.unwrap(wrapped, context, signal)
    const isSame = key.equals(opened)
    wipe(opened)
    if (!isSame) throw new Error('what it wrapped opens to something else')
    try {
      wipe(await ways.unwrap(wrapped, randomBytes(16), signal))
      return false
    } catch {
      // A keeper that went away in between has shown nothing: then this throws.
      wipe(await ways.unwrap(wrapped, context, signal))
      return true
    }
  } finally {
    key.fill(0)
  }
}

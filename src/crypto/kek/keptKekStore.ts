import type {
  KekDescription,
  KekStore,
  WrappedKey,
  WrapsUnderAny,
} from '../../domain/ports/crypto.ts'
import type { KekFollowing, KnownKek } from '../../domain/ports/kekChanges.ts'
import { Fault, unavailable } from '../../lib/fault.ts'
import { KEK_BYTES } from './kek.ts'
import { orAway } from './orAway.ts'
import { bindsContext, SoundExamples } from './soundExamples.ts'

/** Who keeps KEKs outside of this process. What it refuses comes through as it is; a store makes Faults of it. */
export interface Keeper {
  /** @throws Fault('corrupted') when it has another form than what `wrap` gives */
  refuseMisshapen(blob: Uint8Array): void
  wrap(
    kekId: string,
    key: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>
  unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** What is wrong when `unwrap` threw this: the blob, perhaps the blob and perhaps the keeper, or the keeper. */
  blameOf(cause: unknown): 'blob' | 'either' | 'keeper'
  /** Uses no key. */
  health(currentKekId: string, signal: AbortSignal): Promise<void>
  close(): void
}

/** Which KEKs a keeper has for us, and which of them wraps. */
export interface KekChoice {
  readonly current: string
  describe(): Pick<KekDescription, 'currentKekId' | 'keks'>
  /** As KekFollowing.follow. */
  follow(known: readonly KnownKek[]): boolean
  /** @throws Fault('corrupted') when nothing here was wrapped under it, or it is retired */
  refuseUnknown(kekId: string, signal: AbortSignal): void | Promise<void>
}

export interface KeptKekStoreParts {
  readonly name: string
  readonly kind: string
  readonly keeper: Keeper
  readonly keks: KekChoice
  /** In an operator's words. */
  readonly protection: () => string
}

export interface KeptKekStore extends KekStore, WrapsUnderAny, KekFollowing {
  /** Shows once that the keeper binds the context. @returns false when a key opened in another place than its own */
  bindsContext(signal: AbortSignal): Promise<boolean>
  /** For what else a store of this kind can do. @throws Fault('unavailable') for whatever keeps the keeper from it */
  asked<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** KEKs that never come here: project keys go to their keeper to be wrapped. */
export function keptKekStore(parts: KeptKekStoreParts): KeptKekStore {
  const { name, kind, keeper, keks, protection } = parts
  let isClosed = false
  const unwrapped = async (wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal) => {
    const key = await keeper.unwrap(wrapped, context, signal)
    if (key.length === KEK_BYTES) return key
    key.fill(0)
    throw new Fault('corrupted', `What KEK ${wrapped.kekId} opens is no project key.`)
  }
  const examples = new SoundExamples(unwrapped)
  const exemplary = async (wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal) => {
    const key = await unwrapped(wrapped, context, signal)
    examples.opened(wrapped, context)
    return key
  }
  const wrap = async (
    kekId: string,
    key: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> => ({ kekId, blob: await keeper.wrap(kekId, key, context, signal) })
  const isBlobAtFault = async (cause: unknown, wrapped: WrappedKey, signal: AbortSignal) => {
    const blame = keeper.blameOf(cause)
    return blame === 'blob' || (blame === 'either' && (await examples.doOpen(wrapped, signal)))
  }
  const asked = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    orAway({ name, isClosed: () => isClosed }, signal, async () => {
      if (isClosed) throw unavailable(`The KEK store ${name} is closed.`)
      signal.throwIfAborted()
      return await work()
    })
  const wrapUnder: WrapsUnderAny['wrapUnder'] = (kekId, key, context, signal) => {
    if (key.length !== KEK_BYTES) {
      throw new Error(`A store of kind ${kind} wraps ${KEK_BYTES} bytes, not ${key.length}.`)
    }
    return asked(signal, () => wrap(kekId, key, context, signal))
  }
  return {
    name,
    describe: () => ({ kind, ...keks.describe(), protection: protection() }),
    wrap: async (key, context, signal) => wrapUnder(keks.current, key, context, signal),
    wrapUnder: async (...given) => wrapUnder(...given),
    unwrap: (wrapped, context, signal) =>
      asked(signal, async () => {
        await keks.refuseUnknown(wrapped.kekId, signal)
        keeper.refuseMisshapen(wrapped.blob)
        try {
          return await exemplary(wrapped, context, signal)
        } catch (cause) {
          if (cause instanceof Fault || !(await isBlobAtFault(cause, wrapped, signal))) throw cause
          const what = `The wrapped key does not open under KEK ${wrapped.kekId}.`
          throw new Fault('corrupted', what, { cause })
        }
      }),
    health: (signal) => asked(signal, () => keeper.health(keks.current, signal)),
    close: async () => {
      isClosed = true
      keeper.close()
    },
    follow: (known) => keks.follow(known),
    bindsContext: (signal) =>
      bindsContext(
        {
          wrap: (key, context, until) => wrap(keks.current, key, context, until),
          unwrap: exemplary,
        },
        signal,
      ),
    asked,
  }
}

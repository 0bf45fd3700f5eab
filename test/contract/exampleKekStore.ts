import { createHash, timingSafeEqual } from 'node:crypto'
import type { KekStore, WrappedKey } from '../../src/domain/ports/crypto.ts'
import { Fault, unavailable } from '../../src/lib/fault.ts'

/** What the key server of this example can do: seal bytes under a key that it keeps. It knows no context. */
export interface Appliance {
  readonly keyId: string
  seal(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** @throws Fault('corrupted') unless it is what `seal` gave */
  open(sealed: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  ping(signal: AbortSignal): Promise<void>
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()

export function exampleKekStore(appliance: Appliance): KekStore {
  const { keyId } = appliance
  const fingerprint = sha256(`example ${keyId}`).toString('hex').slice(0, 32)
  const createdAt = '2026-01-01T00:00:00.000000'
  const keks = [{ id: keyId, state: 'primary', fingerprint, createdAt }] as const
  let isOpen = true
  const use = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    if (!isOpen) throw unavailable('The example is closed.')
    signal.throwIfAborted()
    return await work()
  }
  return {
    name: 'example',
    describe: () => ({ kind: 'example', currentKekId: keyId, keks, protection: 'an appliance' }),
    wrap: (projectKey, context, signal) =>
      use(signal, async () => {
        const bound = Buffer.concat([sha256(context), projectKey])
        try {
          return { kekId: keyId, blob: await appliance.seal(bound, signal) }
        } finally {
          bound.fill(0)
        }
      }),
    unwrap: (wrapped: WrappedKey, context, signal) =>
      use(signal, async () => {
        if (wrapped.kekId !== keyId) throw new Fault('corrupted', `No KEK ${wrapped.kekId}.`)
        const bound = await appliance.open(wrapped.blob, signal)
        const isOurs = timingSafeEqual(bound.subarray(0, 32), sha256(context))
        if (!isOurs) throw new Fault('corrupted', 'It was wrapped for another place.')
        return bound.subarray(32)
      }),
    health: (signal) => use(signal, () => appliance.ping(signal)),
    close: async () => {
      isOpen = false
    },
  }
}

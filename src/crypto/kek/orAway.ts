import { Fault, unavailable } from '../../lib/fault.ts'

/**
 * What keeps a store at a keeper from working is an absence of it, unless it said otherwise already.
 * @throws Fault; what fired the signal
 */
export async function orAway<T>(
  { name, isClosed }: { readonly name: string; readonly isClosed: () => boolean },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    if (isClosed()) throw unavailable(`The KEK store ${name} is closed.`, cause)
    signal.throwIfAborted()
    const what = cause instanceof Error ? cause.message : String(cause)
    throw unavailable(`The KEK store ${name} cannot be used: ${what}.`, cause)
  }
}

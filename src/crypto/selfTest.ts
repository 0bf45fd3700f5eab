import { StartupRefusal } from '../lib/startupRefusal.ts'
import { PRIMITIVES, type Primitive, type PrimitiveUse } from './primitives.ts'

export interface PrimitiveResult {
  readonly name: string
  readonly ms: number
  /** undefined: it does what it should. */
  readonly trouble: string | undefined
  readonly cause?: unknown
}

/** What a server with these uses needs: the keys of secrets always do. */
export function primitivesFor(
  uses: ReadonlySet<PrimitiveUse>,
  primitives: readonly Primitive[] = PRIMITIVES,
): readonly Primitive[] {
  return primitives.filter(({ use, isQuick }) => isQuick && (use === 'secrets' || uses.has(use)))
}

/** Runs each once, all of them also after one that fails. */
export async function tryPrimitives(
  primitives: readonly Primitive[],
  monotonicMs: () => number,
): Promise<readonly PrimitiveResult[]> {
  const results: PrimitiveResult[] = []
  for (const primitive of primitives) {
    const { name } = primitive
    const sinceMs = monotonicMs()
    const found = await attempt(primitive)
    results.push({ name, ms: monotonicMs() - sinceMs, ...found })
  }
  return results
}

/**
 * Before anything else of a start: real operations of every primitive in use, so that a Node or an OpenSSL that
 * cannot (a FIPS provider that is switched on and not there) is found here, and not by the first request.
 * @throws StartupRefusal for the first that does not do what it should
 */
export async function selfTest(primitives: readonly Primitive[]): Promise<void> {
  for (const primitive of primitives) {
    const { trouble, cause } = await attempt(primitive)
    if (trouble !== undefined) throw new StartupRefusal(trouble, { cause })
  }
}

async function attempt({
  name,
  source,
  compute,
  answer,
}: Primitive): Promise<Pick<PrimitiveResult, 'trouble' | 'cause'>> {
  let found: Uint8Array
  try {
    found = await compute()
  } catch (cause) {
    const trouble = `${name} does not work in this Node or its OpenSSL (${reasonOf(cause)}): is a FIPS provider switched on that is not there, or that lacks it? docs/fips.md tells what may be used with one.`
    return { trouble, cause }
  }
  if (Buffer.from(found).toString('hex') === answer) return { trouble: undefined }
  const trouble = `${name} gives a wrong answer to a known question (${source}): this Node or its OpenSSL must not be trusted with keys.`
  return { trouble }
}

/** OpenSSL's own word for it; nothing here depends on a key of anybody's. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? cause.name) : String(cause)
}

/** Python's own client says `pass_phrase`, the reference reads `passphrase`: both are meant (consumers). */
const KEYS = ['passphrase', 'pass_phrase'] as const

/** What stands in an order in place of a passphrase: it was asked for, and is nobody's to read (Q41). */
const HIDDEN = '********'

/** Readers in C keep a passphrase in a buffer of 1024 bytes: a longer one would open nothing. */
const MAX_BYTES = 1023

export interface TakenPassphrase {
  /** Without any passphrase in it. */
  readonly meta: Readonly<Record<string, unknown>>
  /** All that was given under either name, one that is no text as `notText`. */
  readonly given: readonly (Buffer | 'notText')[]
}

/** Takes the passphrase out of an order's meta. Empty and null mean none, as in the reference. */
export function takePassphrase(meta: Readonly<Record<string, unknown>>): TakenPassphrase {
  const hidden: Record<string, unknown> = { ...meta }
  const given: (Buffer | 'notText')[] = []
  for (const key of KEYS) {
    const value = meta[key]
    if (value === undefined || value === null || value === '') continue
    hidden[key] = HIDDEN
    given.push(typeof value === 'string' ? Buffer.from(value, 'utf8') : 'notText')
  }
  return { meta: hidden, given }
}

/** Does this order want an encrypted key? Its meta is under the row MAC, so nobody can take the wish away. */
export function wantsPassphrase(meta: Readonly<Record<string, unknown>>): boolean {
  return KEYS.some((key) => meta[key] === HIDDEN)
}

/** Why no key can be encrypted with what was given; undefined when one can, or when none is wanted. */
export function flawOfPassphrase(given: TakenPassphrase['given']): string | undefined {
  const [first, second] = given
  if (first === 'notText' || second === 'notText') return 'a passphrase is text'
  if (first === undefined) return undefined
  if (second !== undefined && !first.equals(second)) {
    return 'passphrase and pass_phrase differ, and only one can be meant'
  }
  if (first.length > MAX_BYTES) return `a passphrase has at most ${MAX_BYTES} bytes`
  return undefined
}

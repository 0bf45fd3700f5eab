/** The replies that our few commands have; an array, a map or a push is none of them. */
export type RedisReply =
  | { readonly kind: 'bytes'; readonly value: Buffer | undefined }
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }

/** What came is no reply to anything that was asked. */
export class RedisNonsense extends Error {}

const LONGEST_LINE = 1024
const CR = 0x0d
const LF = 0x0a

/** Reads RESP2 as it comes, a piece at a time, and holds no more than one reply of the longest length. */
export class RedisReplies {
  readonly #mostBytes: number
  readonly #onReply: (reply: RedisReply) => void
  #held: Buffer = Buffer.alloc(0)

  constructor(mostBytes: number, onReply: (reply: RedisReply) => void) {
    this.#mostBytes = mostBytes
    this.#onReply = onReply
  }

  /** @throws RedisNonsense, after which nothing more can be made of this connection */
  read(piece: Buffer): void {
    let rest = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    for (;;) {
      const used = this.#one(rest)
      if (used === 0) break
      rest = rest.subarray(used)
    }
    this.#held = Buffer.from(rest)
  }

  /** How many bytes the reply at the start takes; 0 while it is not all there. */
  #one(bytes: Buffer): number {
    const end = bytes.subarray(0, LONGEST_LINE).indexOf(CR)
    if (end < 0 || end + 1 >= bytes.length) {
      if (bytes.length >= LONGEST_LINE) throw new RedisNonsense('it sends lines without an end')
      return 0
    }
    if (bytes[end + 1] !== LF) throw new RedisNonsense('it ends lines in a way of its own')
    const line = bytes.toString('latin1', 1, end)
    const used = end + 2
    switch (bytes.toString('latin1', 0, 1)) {
      case '+':
      case ':':
        this.#onReply({ kind: 'status', text: line })
        return used
      case '-':
        this.#onReply({ kind: 'error', text: line })
        return used
      case '$':
        return this.#bulk(bytes, used, line)
      default:
        throw new RedisNonsense('it sends replies of a kind that nobody asked for')
    }
  }

  #bulk(bytes: Buffer, from: number, line: string): number {
    if (line === '-1') {
      this.#onReply({ kind: 'bytes', value: undefined })
      return from
    }
    const length = /^\d{1,9}$/.test(line) ? Number(line) : Number.POSITIVE_INFINITY
    if (length > this.#mostBytes) throw new RedisNonsense('it sends more than any entry is long')
    const to = from + length
    if (bytes.length < to + 2) return 0
    if (bytes[to] !== CR || bytes[to + 1] !== LF) throw new RedisNonsense('a length is wrong')
    this.#onReply({ kind: 'bytes', value: Buffer.from(bytes.subarray(from, to)) })
    return to + 2
  }
}

/** A command as Redis reads it. */
export function redisCommand(words: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length}\r\n`)]
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(pieces)
}

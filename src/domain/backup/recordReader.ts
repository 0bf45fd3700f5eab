import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { BackupValue } from '../ports/backup.ts'
import { KINDS, RECORD_HEAD_BYTES } from './recordWriter.ts'

/** More than any row of ours: what claims to be longer must not be waited for in memory. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the records of rowStream.ts from pieces cut anywhere. A backup is sealed to a public key, so
 * anybody may have made it: nothing in it is believed.
 */
export class RecordReader {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #bodyAt = 0
  #bodyEnd = 0
  tag = 0

  push(piece: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#at)
    this.#bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece])
    this.#at = 0
  }

  /** Goes to the next record when all of it is here. */
  next(): boolean {
    const bodyAt = this.#at + RECORD_HEAD_BYTES
    if (bodyAt > this.#bytes.length) return false
    const length = this.#bytes.readUInt32BE(this.#at + 1)
    if (length > MAX_RECORD_BYTES) throw unreadable(`a record claims ${length} bytes`)
    if (bodyAt + length > this.#bytes.length) return false
    this.tag = this.#bytes[this.#at] ?? 0
    this.#bodyAt = bodyAt
    this.#bodyEnd = bodyAt + length
    this.#at = bodyAt
    return true
  }

  endRecord(): void {
    if (this.#at !== this.#bodyEnd) throw unreadable('a record is longer than what stands in it')
  }

  get isInsideRecord(): boolean {
    return this.#at < this.#bytes.length
  }

  get body(): Uint8Array {
    return this.#bytes.subarray(this.#bodyAt, this.#bodyEnd)
  }

  count(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  integer(): number {
    const value = Number(this.#bytes.readBigInt64BE(this.#advance(8)))
    if (!Number.isSafeInteger(value)) throw unreadable('a number is too large')
    return value
  }

  /** A copy: what is read outlives the piece it came in. */
  raw(length: number): Buffer {
    const from = this.#advance(length)
    return Buffer.from(this.#bytes.subarray(from, from + length))
  }

  text(): string {
    const length = this.count()
    const from = this.#advance(length)
    try {
      return UTF8.decode(this.#bytes.subarray(from, from + length))
    } catch {
      throw unreadable('a text is no UTF-8')
    }
  }

  list(): readonly string[] {
    const length = this.count()
    const found: string[] = []
    // Each takes four bytes at least, so what claims too many ends at the end of its record.
    while (found.length < length) found.push(this.text())
    return found
  }

  value(): BackupValue {
    const kind = this.#bytes[this.#advance(1)]
    if (kind === KINDS.null) return null
    if (kind === KINDS.text) return this.text()
    if (kind === KINDS.integer) return this.integer()
    if (kind === KINDS.bytes) return this.raw(this.count())
    throw unreadable(`a value is of an unknown kind (${String(kind)})`)
  }

  #advance(length: number): number {
    const from = this.#at
    if (from + length > this.#bodyEnd)
      throw unreadable('a record is shorter than what stands in it')
    this.#at = from + length
    return from
  }
}

export function unreadable(what: string): StartupRefusal {
  return new StartupRefusal(`The content of the backup is not what we write: ${what}.`)
}

import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { BackupValue } from '../ports/backup.ts'

export const KINDS = { null: 0, text: 1, integer: 2, bytes: 3 } as const
export const RECORD_HEAD_BYTES = 5

/** Writes the records of rowStream.ts end to end, until `take` hands them on. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafeSlow(128 * 1024)
  #end = 0
  #recordAt = 0

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#end
  }

  record(tag: number): this {
    this.#makeRoom(RECORD_HEAD_BYTES)
    this.#recordAt = this.#end
    this.#buffer[this.#end] = tag
    this.#end += RECORD_HEAD_BYTES
    return this
  }

  /** @returns the body, valid until the next record */
  endRecord(): Uint8Array {
    const bodyAt = this.#recordAt + RECORD_HEAD_BYTES
    this.#buffer.writeUInt32BE(this.#end - bodyAt, this.#recordAt + 1)
    return this.#buffer.subarray(bodyAt, this.#end)
  }

  text(value: string): this {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.#makeRoom(4 + 3 * value.length)
    const length = this.#buffer.write(value, this.#end + 4, 'utf8')
    this.#buffer.writeUInt32BE(length, this.#end)
    this.#end += 4 + length
    return this
  }

  count(value: number): this {
    this.#makeRoom(4)
    this.#end = this.#buffer.writeUInt32BE(value, this.#end)
    return this
  }

  integer(value: number): this {
    this.#makeRoom(8)
    this.#end = this.#buffer.writeBigInt64BE(BigInt(value), this.#end)
    return this
  }

  raw(value: Uint8Array): this {
    this.#makeRoom(value.length)
    this.#buffer.set(value, this.#end)
    this.#end += value.length
    return this
  }

  /** @throws StartupRefusal for a number that none of our columns holds, written by somebody else */
  value(value: BackupValue, table: string): this {
    if (value === null) return this.#kind(KINDS.null)
    if (typeof value === 'string') return this.#kind(KINDS.text).text(value)
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return this.#kind(KINDS.integer).integer(value)
      throw new StartupRefusal(
        `A row of ${table} holds the number ${value}, which Gatehouse never writes: find it and mend it.`,
      )
    }
    return this.#kind(KINDS.bytes).count(value.length).raw(value)
  }

  /** What was written; the writer begins anew. */
  take(): Uint8Array {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#end))
    this.#end = 0
    return taken
  }

  #kind(kind: number): this {
    this.#makeRoom(1)
    this.#buffer[this.#end] = kind
    this.#end += 1
    return this
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#end + bytes
    if (wanted <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(2 * wanted)
    this.#buffer.copy(larger, 0, 0, this.#end)
    this.#buffer = larger
  }
}

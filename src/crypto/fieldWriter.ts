/** A length no field can have: null is not empty. */
const NULL_LENGTH = 0xffffffff

/**
 * Lays fields end to end, each as `length 4 | bytes`, so that no two lists of fields give the same bytes.
 * One buffer serves every call: use what `written()` gives before the next `restart()`.
 */
export class FieldWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(1024)
  #end = 0
  #start = 0

  /** What was written so far opens every later run. */
  keepAsPrefix(): this {
    this.#start = this.#end
    return this
  }

  restart(): this {
    this.#end = this.#start
    return this
  }

  text(value: string): this {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.#makeRoom(4 + 3 * value.length)
    const buffer = this.#buffer
    const from = this.#end + 4
    const length = buffer.write(value, from, 'utf8')
    buffer.writeUInt32BE(length, this.#end)
    this.#end = from + length
    return this
  }

  nullableText(value: string | null): this {
    return value === null ? this.#number(NULL_LENGTH) : this.text(value)
  }

  /** Decimal text: one form for every integer a database or JSON may give. */
  nullableInteger(value: number | null): this {
    return value === null ? this.#number(NULL_LENGTH) : this.text(String(value))
  }

  bytes(value: Uint8Array): this {
    this.#makeRoom(4 + value.length)
    this.#buffer.writeUInt32BE(value.length, this.#end)
    this.#buffer.set(value, this.#end + 4)
    this.#end += 4 + value.length
    return this
  }

  /** How many fields follow that belong together. */
  count(value: number): this {
    return this.#number(value)
  }

  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  #number(value: number): this {
    this.#makeRoom(4)
    this.#end = this.#buffer.writeUInt32BE(value, this.#end)
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

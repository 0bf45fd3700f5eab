/*
 * KMIP's encoding: tag 3, type 1, length 4, value padded to eight bytes (KMIP 1.2, section 9.1).
 * Knows no tags; what they mean stands in kmipNames.ts.
 */

interface Values {
  readonly integer: number
  readonly enumeration: number
  readonly interval: number
  readonly longInteger: bigint
  readonly dateTime: bigint
  readonly boolean: boolean
  readonly text: string
  readonly bytes: Uint8Array
  readonly bigInteger: Uint8Array
}

export type TtlvValue =
  | { readonly type: 'structure'; readonly items: readonly Ttlv[] }
  | {
      readonly [Type in keyof Values]: { readonly type: Type; readonly value: Values[Type] }
    }[keyof Values]

export type Ttlv = { readonly tag: number } & TtlvValue

/** What came is no TTLV, or more of it than anybody has reason to send. */
export class MalformedTtlv extends Error {
  constructor(what: string) {
    super(`The KMIP message ${what}.`)
    this.name = 'MalformedTtlv'
  }
}

export const HEADER_BYTES = 8
const MAX_DEPTH = 16
const MAX_ITEMS = 4096
const ALIGNMENT = 8

const TYPE_CODES = {
  structure: 1,
  integer: 2,
  longInteger: 3,
  bigInteger: 4,
  enumeration: 5,
  boolean: 6,
  text: 7,
  bytes: 8,
  dateTime: 9,
  interval: 10,
} as const satisfies Record<TtlvValue['type'], number>

const TYPES = new Map<number, TtlvValue['type']>(
  Object.entries(TYPE_CODES).map(([type, code]) => [code, type as TtlvValue['type']]),
)

/** Tag, type and length, as they stand before every value. */
export interface TtlvHeader {
  readonly tag: number
  readonly typeCode: number
  /** Without padding. */
  readonly length: number
}

export function headerAt(bytes: Uint8Array, at: number): TtlvHeader {
  const view = viewOf(bytes)
  return {
    tag: view.getUint32(at) >>> 8,
    typeCode: view.getUint8(at + 3),
    length: view.getUint32(at + 4),
  }
}

export function encodeTtlv(item: Ttlv): Buffer {
  const bytes = Buffer.alloc(encodedBytes(item))
  write(item, bytes, 0)
  return bytes
}

/** @throws MalformedTtlv unless the bytes are one item, and nothing else */
export function decodeTtlv(bytes: Uint8Array): Ttlv {
  const reader = new Reader(bytes)
  const item = reader.item(0, bytes.length, 0)
  if (reader.end !== bytes.length) throw new MalformedTtlv('goes on behind its end')
  return item
}

function encodedBytes(item: Ttlv): number {
  return HEADER_BYTES + padded(valueBytes(item))
}

function valueBytes(item: Ttlv): number {
  switch (item.type) {
    case 'structure':
      return item.items.reduce((sum, inner) => sum + encodedBytes(inner), 0)
    case 'integer':
    case 'enumeration':
    case 'interval':
      return 4
    case 'longInteger':
    case 'dateTime':
    case 'boolean':
      return 8
    case 'text':
      return Buffer.byteLength(item.value)
    case 'bytes':
    case 'bigInteger':
      return item.value.length
  }
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}

/** @returns where the next item stands */
function write(item: Ttlv, into: Buffer, at: number): number {
  const length = valueBytes(item)
  into.writeUInt32BE(((item.tag << 8) | TYPE_CODES[item.type]) >>> 0, at)
  into.writeUInt32BE(length, at + 4)
  const from = at + HEADER_BYTES
  switch (item.type) {
    case 'structure': {
      let next = from
      for (const inner of item.items) next = write(inner, into, next)
      break
    }
    case 'integer':
      into.writeInt32BE(item.value, from)
      break
    case 'enumeration':
    case 'interval':
      into.writeUInt32BE(item.value, from)
      break
    case 'longInteger':
    case 'dateTime':
      into.writeBigInt64BE(item.value, from)
      break
    case 'boolean':
      into[from + 7] = item.value ? 1 : 0
      break
    case 'text':
      into.write(item.value, from, 'utf8')
      break
    case 'bytes':
    case 'bigInteger':
      into.set(item.value, from)
      break
  }
  return from + padded(length)
}

/** Reads no byte twice and none outside what it was given, however the lengths inside lie. */
class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #end = 0
  #items = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  /** Behind the last item that was read. */
  get end(): number {
    return this.#end
  }

  item(at: number, limit: number, depth: number): Ttlv {
    this.#items += 1
    if (this.#items > MAX_ITEMS) throw new MalformedTtlv(`has more than ${MAX_ITEMS} items`)
    if (depth > MAX_DEPTH) throw new MalformedTtlv(`is nested deeper than ${MAX_DEPTH}`)
    if (limit - at < HEADER_BYTES) throw new MalformedTtlv('ends within a header')
    const { tag, typeCode, length } = headerAt(this.#bytes, at)
    const from = at + HEADER_BYTES
    if (padded(length) > limit - from) throw new MalformedTtlv('ends within a value')
    const type = TYPES.get(typeCode)
    if (type === undefined) throw new MalformedTtlv(`has an item of type ${typeCode}`)
    if (type === 'structure')
      return { tag, type, items: this.#itemsBetween(from, from + length, depth) }
    const value = this.#value(type, from, length)
    this.#end = from + padded(length)
    return { tag, ...value }
  }

  #itemsBetween(from: number, to: number, depth: number): readonly Ttlv[] {
    const items: Ttlv[] = []
    this.#end = from
    while (this.#end < to) items.push(this.item(this.#end, to, depth + 1))
    return items
  }

  #value(type: Exclude<TtlvValue['type'], 'structure'>, from: number, length: number): TtlvValue {
    const view = this.#view
    switch (type) {
      case 'integer':
        return { type, value: view.getInt32(wants(4, length, from)) }
      case 'enumeration':
      case 'interval':
        return { type, value: view.getUint32(wants(4, length, from)) }
      case 'longInteger':
      case 'dateTime':
        return { type, value: view.getBigInt64(wants(8, length, from)) }
      case 'boolean':
        return { type, value: view.getBigUint64(wants(8, length, from)) !== 0n }
      case 'text':
        return { type, value: textIn(this.#bytes.subarray(from, from + length)) }
      case 'bytes':
      case 'bigInteger':
        // A copy: what came is wiped. (The slice of a Buffer would be none.)
        return { type, value: Uint8Array.from(this.#bytes.subarray(from, from + length)) }
    }
  }
}

function wants(bytes: number, length: number, from: number): number {
  if (length !== bytes)
    throw new MalformedTtlv(`has a value of ${length} bytes instead of ${bytes}`)
  return from
}

function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new MalformedTtlv('holds a text that is not UTF-8')
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

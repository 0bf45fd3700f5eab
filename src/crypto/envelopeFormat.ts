import type { KeyObject } from 'node:crypto'
import type { PayloadBinding } from '../domain/ports/crypto.ts'
import type { FormatStanding } from '../domain/ports/rotation.ts'
import type { OrderId } from '../lib/ids.ts'
import type { EnvelopePlace } from './associatedData.ts'
import type { ProjectKey } from './projectKey.ts'

/** What is sealed in an envelope: neither opens as the other. */
export type EnvelopeContents =
  | (Omit<PayloadBinding, 'projectId'> & { readonly kind: 'payload' })
  | { readonly kind: 'orderInput'; readonly orderId: OrderId }

/**
 * How bytes lie in an envelope, and what they are bound to. All formats begin alike, for the database reads it there:
 * the number of the format in the first byte, the id of the project key from the fifth to the twelfth.
 */
export interface EnvelopeFormat {
  readonly number: number
  /** Its first byte says that it is of this format: does the rest? */
  isWellFormed(envelope: Uint8Array): boolean
  seal(
    key: ProjectKey,
    place: EnvelopePlace,
    contents: EnvelopeContents,
    payload: Uint8Array,
  ): Uint8Array
  /** @throws when it was not wrapped by this key for this place */
  unwrapDek(key: ProjectKey, place: EnvelopePlace, envelope: Uint8Array): KeyObject
  /** @throws when it was not sealed under this data key as these contents */
  open(dek: KeyObject, contents: EnvelopeContents, envelope: Uint8Array): Buffer
  /** The same envelope with its data key under another key. @throws as `unwrapDek` */
  moveDek(from: ProjectKey, to: ProjectKey, place: EnvelopePlace, envelope: Uint8Array): Uint8Array
}

/** Formats 0x40 to 0x4f wait for adopted Barbican rows (design 4); they are not newer than others. */
const FIRST_ADOPTED = 0x40

/** The formats that this release opens, and the one that it seals in (ADR 0059). */
export class EnvelopeFormats {
  readonly written: EnvelopeFormat
  readonly #known: ReadonlyMap<number, EnvelopeFormat>
  readonly #newest: number

  /** @param others are opened, and sealed in no more; or not yet, while nodes serve that do not know them */
  constructor(written: EnvelopeFormat, others: readonly EnvelopeFormat[] = []) {
    const all = [written, ...others]
    this.written = written
    this.#known = new Map(all.map((format) => [format.number, format]))
    this.#newest = Math.max(...this.#known.keys())
    if (this.#known.size !== all.length) throw new Error('Two envelope formats have one number.')
  }

  /** undefined: it is nothing that this release opens; `flawOf` says what. */
  of(envelope: Uint8Array): EnvelopeFormat | undefined {
    const [number = 0] = envelope
    const format = number === this.written.number ? this.written : this.#known.get(number)
    return format?.isWellFormed(envelope) === true ? format : undefined
  }

  standing(number: number): FormatStanding {
    if (number === this.written.number) return 'written'
    if (this.#known.has(number)) return 'read'
    return number > this.#newest && number < FIRST_ADOPTED ? 'newer' : 'unknown'
  }

  /** Why an envelope is none that this release opens. */
  flawOf([number = 0]: Uint8Array): string {
    switch (this.standing(number)) {
      case 'newer':
        return `envelope is in the newer format ${number}, and this release opens formats up to ${this.#newest}`
      case 'unknown':
        return `envelope is in the unknown format ${number}`
      default:
        return 'envelope has an unknown form'
    }
  }
}

import { createHash } from 'node:crypto'

const MODULUS = 1n << 256n

/**
 * A digest of many pieces that does not depend on their order: the sum of their SHA-256. Two databases
 * sort text differently, and their rows are the same for all that. It finds what was lost, doubled or
 * altered; it does not stand against somebody who looks for a collision, which is a seal's business.
 */
export class UnorderedDigest {
  #sum: bigint

  /** @param value of a digest that more pieces belong to */
  constructor(value: Uint8Array = new Uint8Array(1)) {
    this.#sum = BigInt(`0x${Buffer.from(value).toString('hex')}`)
  }

  add(piece: Uint8Array): void {
    const hash = createHash('sha256').update(piece).digest('hex')
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % MODULUS
  }

  /** 32 bytes. */
  value(): Uint8Array {
    return Buffer.from(this.#sum.toString(16).padStart(64, '0'), 'hex')
  }
}

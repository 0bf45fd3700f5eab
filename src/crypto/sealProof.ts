import type { SealProof } from '../domain/ports/backup.ts'
import { Fault } from '../lib/fault.ts'
import type { Order } from '../model/order.ts'
import type { Verified } from '../model/record.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import type { Secret } from '../model/secret.ts'
import type { Keyring } from './keyring.ts'
import type { EnvelopeSealer } from './sealer.ts'

/** Shows that what is sealed opens, and gives nothing of it away. */
export class EnvelopeProof implements SealProof {
  readonly #keyring: Keyring
  readonly #sealer: EnvelopeSealer

  constructor(parts: { readonly keyring: Keyring; readonly sealer: EnvelopeSealer }) {
    this.#keyring = parts.keyring
    this.#sealer = parts.sealer
  }

  async projectKey(id: ProjectKeyId): Promise<void> {
    if ((await this.#keyring.find(id)) !== undefined) return
    throw new Fault('corrupted', `Project key ${Buffer.from(id).toString('hex')} is gone.`)
  }

  async payload(secret: Verified<Secret>): Promise<void> {
    if (secret.envelope !== null) await this.#sealer.prove(secret)
  }

  async orderInput(order: Verified<Order>, sealedInput: Uint8Array): Promise<void> {
    const input = await this.#sealer.orderInputs.open(order, sealedInput)
    input.fill(0)
  }
}

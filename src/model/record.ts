import type { Container } from './container.ts'
import type { Order } from './order.ts'
import type { Secret, SecretFacts } from './secret.ts'

/** Everything that carries a row MAC. */
export type ProtectedRecord = Secret | SecretFacts | Container | Order

/** A record as the database gave it: with the MAC it claims, which nobody has checked yet. */
export type Stored<T extends ProtectedRecord> = T & { readonly rowMac: Uint8Array | null }

declare const verified: unique symbol

/** A record whose row MAC was checked. Only the integrity port (crypto/integrity.ts) makes one. */
export type Verified<T extends ProtectedRecord> = T & {
  readonly rowMac: Uint8Array
  readonly [verified]: true
}

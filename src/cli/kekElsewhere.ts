import type { KekStoreKind } from '../config/kekStoreKinds.ts'

/** What an operator does where the KEKs are, for what a verb cannot do from here. Each ends a sentence. */
export interface Elsewhere {
  /** Makes a KEK that only unwraps, and has every node know it. */
  readonly make?: string
  /** Makes a KEK of the nodes primary, where not even `kek promote` does. */
  readonly promote?: string
  /** Has no node know a retired KEK any more, where settings name it. */
  readonly unname?: string
  /** Ends the key itself. */
  readonly destroy: string
}

const RELOAD = 'on every node, and reload or restart them'

/** Kinds of which no verb writes the KEKs (docs/rotation.md). */
export const KEKS_ELSEWHERE: Partial<Record<KekStoreKind, Elsewhere>> = {
  pkcs11: {
    make: `\`gatehouse hsm generate-kek --label NEW\`; then name NEW in mkek_label and the present label in decrypt_labels ${RELOAD}`,
    unname: `take its label out of decrypt_labels ${RELOAD}`,
    destroy: "delete the key with the tools of the HSM's vendor, and its copies",
  },
  kmip: {
    make: `make an active AES key of 256 bits at the KMIP server; then name it in key_name and the present one in former_key_names ${RELOAD}`,
    unname: `take it out of former_key_names ${RELOAD}`,
    destroy: 'revoke and destroy the key at the KMIP server',
  },
  awskms: {
    make: `make a symmetric key in AWS KMS; then name it in key_id and the present one in former_key_ids ${RELOAD}`,
    unname: `take it out of former_key_ids ${RELOAD}`,
    destroy: 'schedule the deletion of the key in AWS KMS',
  },
  transit: {
    destroy:
      'raise min_decryption_version of the transit key above this version, then trim what is below (`vault write transit/keys/NAME/trim min_available_version=N`)',
  },
  simple_crypto: {
    make: `put a line behind the others in kek ${RELOAD}`,
    promote: 'put its line first in kek on every node, and restart them',
    unname: `take its line out of kek ${RELOAD}`,
    destroy: 'destroy every copy of the line',
  },
}

import { createHash } from 'node:crypto'
import { FieldWriter } from '../fieldWriter.ts'

/**
 * Names a KEK whose bytes we never see, by what its keeper says of it and never changes. It tells keys apart for
 * people; that a key is the right one is proven by the canary.
 */
export function fingerprintOfUnseen(kind: string, ...facts: readonly string[]): string {
  const fields = new FieldWriter().text('gatehouse/unseen-kek/1').text(kind)
  for (const fact of facts) fields.text(fact)
  return createHash('sha256').update(fields.written()).digest('hex').slice(0, 32)
}

/** `label` tells kinds of wrapped keys apart: what is bound beside a project key. */
export function boundTo(label: string, kekId: string, context: Uint8Array): Uint8Array {
  return Uint8Array.from(new FieldWriter().text(label).text(kekId).bytes(context).written())
}

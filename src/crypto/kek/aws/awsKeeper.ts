import { Fault } from '../../../lib/fault.ts'
import { KEK_BYTES } from '../kek.ts'
import type { Keeper } from '../keptKekStore.ts'
import { type AwsKms, AwsRefusal, type EncryptionContext } from './awsKms.ts'

/** `format 1 | what KMS made` */
const FORMAT = 1
const LEAST_BYTES = 1 + KEK_BYTES + 16
const MOST_BYTES = 1024

/** Said of the very bytes: they are not what KMS made, or not under this key, or not in this context. */
const OF_THE_BLOB = new Set(['InvalidCiphertextException', 'IncorrectKeyException'])
/** Could be said of a key that damaged bytes name, and of our own. */
const OF_SOME_KEY = new Set(['NotFoundException', 'AccessDeniedException', 'ValidationException'])

/** AWS KMS, or another service that speaks its API. Ids of KEKs are ARNs. */
export function awsKeeper(client: AwsKms): Keeper {
  return {
    refuseMisshapen(blob) {
      if (blob[0] === FORMAT && blob.length >= LEAST_BYTES && blob.length <= MOST_BYTES) return
      throw new Fault('corrupted', 'The wrapped key has an unknown form.')
    },
    async wrap(kekId, key, context, signal) {
      const sealed = await client.encrypt(kekId, key, encryptionContext(context), signal)
      return Buffer.concat([Uint8Array.of(FORMAT), sealed])
    },
    unwrap: ({ kekId, blob }, context, signal) =>
      client.decrypt(kekId, blob.subarray(1), encryptionContext(context), signal),
    blameOf(cause) {
      if (!(cause instanceof AwsRefusal)) return 'keeper'
      if (OF_THE_BLOB.has(cause.type)) return 'blob'
      return OF_SOME_KEY.has(cause.type) ? 'either' : 'keeper'
    },
    /** Also shows that our credentials are taken. */
    async health(kekId, signal) {
      await client.describeKey(kekId, signal)
    },
    close: () => client.close(),
  }
}

/** Not secret: it stands in CloudTrail, and a key policy may ask for it. */
function encryptionContext(context: Uint8Array): EncryptionContext {
  return { 'gatehouse-context': Buffer.from(context).toString('base64') }
}

import { z } from 'zod'
import type { NewOrder } from '../../domain/newOrder.ts'
import { takePassphrase } from '../../domain/passphrase.ts'
import { Fault } from '../../lib/fault.ts'
import { ORDER_TYPES } from '../../model/order.ts'
import { payloadContentType } from './contentType.ts'
import { decodeExpiration, secretFields } from './newSecret.ts'
import { text } from './text.ts'

const wholeBytes = 'a multiple of 8 from 8 to 32760 is wanted'

/** Extra keys are kept and echoed back (contract 05). */
const orderMeta = z
  .looseObject(
    {
      ...secretFields,
      algorithm: text(255, 1).describe('Such as aes, hmacsha256, rsa, dsa or ec.'),
      bit_length: z
        .int({ error: wholeBytes })
        .min(8, { error: wholeBytes })
        .max(32_760, { error: wholeBytes })
        .describe('Length of the key in bits; 256, 384 or 521 for the curves of ec.'),
      payload_content_encoding: z
        .literal('base64', { error: 'base64 is the only encoding' })
        .optional()
        .describe('Means nothing: an order makes its own payload.'),
      payload: z.never({ error: 'an order makes its own payload' }).optional(),
    },
    { error: 'an object is wanted' },
  )
  .refine(({ algorithm, bit_length: bits }) => bits % 8 === 0 || isP521(algorithm, bits), {
    path: ['bit_length'],
    error: wholeBytes,
  })

/** The one length that is no whole number of bytes. */
function isP521(algorithm: string, bits: number): boolean {
  return bits === 521 && algorithm.toLowerCase() === 'ec'
}

export const newOrderBody = z.object(
  {
    type: z
      .enum(ORDER_TYPES, { error: `one of ${ORDER_TYPES.join(', ')} is wanted` })
      .describe('What to make: a symmetric key, or a key pair.'),
    meta: orderMeta,
  },
  { error: 'an object is wanted' },
)

export function decodeNewOrder({ type, meta }: z.infer<typeof newOrderBody>): NewOrder {
  const expiration = decodeExpiration('meta.expiration', meta.expiration)
  const contentType = contentTypeOf(meta.payload_content_type)
  // An order of a key has no use for a passphrase, and is as little a place to keep one.
  const taken = takePassphrase(meta)
  const fields = {
    name: meta.name ?? null,
    algorithm: meta.algorithm,
    bitLength: meta.bit_length,
    mode: meta.mode ?? null,
    expiration,
    contentType,
    // The reference shows these two always, and the time always with six decimals.
    meta: { ...taken.meta, name: meta.name ?? null, expiration },
  }
  return type === 'key' ? { type, ...fields } : { type, ...fields, passphrases: taken.given }
}

function contentTypeOf(given: string | null | undefined): NewOrder['contentType'] {
  // An empty one counts as absent, too: the reference asks whether there is any.
  if (given === undefined || given === null || given === '') return 'application/octet-stream'
  const entry = payloadContentType(given)
  if (entry !== undefined) return entry.type
  throw new Fault(
    'badRequest',
    'Property meta.payload_content_type is not valid: text/plain, application/octet-stream or application/pkcs8 is wanted.',
  )
}

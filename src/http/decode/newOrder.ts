import { z } from 'zod'
import type { NewKeyOrder } from '../../domain/newOrder.ts'
import { Fault } from '../../lib/fault.ts'
import { payloadContentType } from './contentType.ts'
import { decodeExpiration, secretFields } from './newSecret.ts'
import { text } from './text.ts'

const wholeBytes = 'a multiple of 8 from 8 to 32760 is wanted'

/** Extra keys are kept and echoed back (contract 05). */
const orderMeta = z.looseObject(
  {
    ...secretFields,
    algorithm: text(255, 1).describe('Such as aes or hmacsha256.'),
    bit_length: z
      .int({ error: wholeBytes })
      .min(8, { error: wholeBytes })
      .max(32_760, { error: wholeBytes })
      .multipleOf(8, { error: wholeBytes })
      .describe('Length of the key in bits.'),
    payload: z.never({ error: 'an order makes its own payload' }).optional(),
  },
  { error: 'an object is wanted' },
)

export const newOrderBody = z.object(
  {
    type: z
      .enum(['key'], { error: 'key is the one type that this release serves' })
      .describe('What to make.'),
    meta: orderMeta,
  },
  { error: 'an object is wanted' },
)

export function decodeNewOrder({ meta }: z.infer<typeof newOrderBody>): NewKeyOrder {
  const expiration = decodeExpiration('meta.expiration', meta.expiration)
  return {
    type: 'key',
    name: meta.name ?? null,
    algorithm: meta.algorithm,
    bitLength: meta.bit_length,
    mode: meta.mode ?? null,
    expiration,
    contentType: contentTypeOf(meta.payload_content_type),
    // The reference shows these two always, and the time always with six decimals.
    meta: { ...meta, name: meta.name ?? null, expiration },
  }
}

function contentTypeOf(given: string | null | undefined): NewKeyOrder['contentType'] {
  if (given === undefined || given === null) return 'application/octet-stream'
  const entry = payloadContentType(given)
  if (entry !== undefined) return entry.type
  throw new Fault(
    'badRequest',
    'Property meta.payload_content_type is not valid: text/plain, application/octet-stream or application/pkcs8 is wanted.',
  )
}

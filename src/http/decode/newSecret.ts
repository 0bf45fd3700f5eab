import { z } from 'zod'
import type { NewSecret } from '../../domain/newSecret.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import { Fault } from '../../lib/fault.ts'
import { parseIsoTime } from '../../lib/isoTime.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import { SECRET_TYPES } from '../../model/secretTypes.ts'
import { payloadContentType } from './contentType.ts'
import { text } from './text.ts'

const DEFAULT_TYPE = 'opaque'

/** Barbican's functional tests look for these words, up to the third quote from the end. */
const UNSUPPORTED_TYPE =
  "Provided object does not match schema 'Secret': payload_content_type is not one of " +
  "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', " +
  "'application/octet-stream', 'application/pkcs8']."

/** What secrets and orders' meta have in common. Unknown keys are ignored (contract 01). */
export const secretFields = {
  name: text(255).nullish().describe('What people call it.'),
  algorithm: text(255).optional().describe('Free text for its users, such as aes.'),
  bit_length: z
    .int({ error: 'a whole number from 1 to 32767 is wanted' })
    .min(1, { error: 'a whole number from 1 to 32767 is wanted' })
    .max(32_767, { error: 'a whole number from 1 to 32767 is wanted' })
    .optional()
    .describe('Length of the key in bits, for its users.'),
  mode: text(255).optional().describe('Free text for its users, such as cbc.'),
  expiration: text(255)
    .optional()
    .describe('ISO 8601, UTC where no zone is given; from then on the secret is gone.'),
  secret_type: z
    .enum(SECRET_TYPES, { error: `one of ${SECRET_TYPES.join(', ')} is wanted` })
    .optional()
    .describe('What kind of thing it is; never checked against the payload.'),
  payload_content_type: text(255)
    .nullish()
    .describe('text/plain, application/octet-stream or application/pkcs8.'),
}

export const newSecretBody = z.object(
  {
    ...secretFields,
    payload: z.string({ error: 'a string is wanted' }).optional().describe('The secret itself.'),
    payload_content_encoding: z
      .literal('base64', { error: 'base64 is the only encoding' })
      .optional()
      .describe('base64 for binary payloads; absent for text.'),
    transport_key_needed: z
      .enum(['true', 'false'], { error: '"true" or "false" is wanted, as a string' })
      .optional()
      .describe('Only stores with transport keys serve "true".'),
    transport_key_id: z.string({ error: 'a string is wanted' }).optional().describe('See above.'),
  },
  { error: 'an object is wanted' },
)

type NewSecretBody = z.infer<typeof newSecretBody>

/** @param maxPayloadBytes limit on the payload as sent, so on the base64 text (Q69) */
export function decodeNewSecret(body: NewSecretBody, maxPayloadBytes: number): NewSecret {
  return {
    name: body.name ?? null,
    algorithm: body.algorithm ?? null,
    bitLength: body.bit_length ?? null,
    mode: body.mode ?? null,
    expiration: decodeExpiration('expiration', body.expiration),
    secretType: body.secret_type ?? DEFAULT_TYPE,
    payload: decodePayload(body, maxPayloadBytes),
  }
}

export function decodeExpiration(property: string, value: string | undefined): Timestamp | null {
  if (value === undefined || value === '') return null
  const parsed = parseIsoTime(value)
  if (parsed === undefined) {
    throw invalid(property, 'an ISO 8601 time is wanted, such as 2030-01-02T03:04:05')
  }
  return parsed
}

function decodePayload(body: NewSecretBody, maxPayloadBytes: number): NewSecret['payload'] {
  if (body.payload === undefined) {
    if (body.payload_content_type !== undefined) {
      throw invalid('payload', 'payload_content_type is given, so a payload is wanted as well')
    }
    if (body.transport_key_needed === 'true') {
      throw invalid('transport_key_needed', 'no secret store here has transport keys')
    }
    return null
  }
  if (body.payload_content_type === undefined || body.payload_content_type === null) {
    throw invalid('payload_content_type', 'it is wanted with a payload')
  }
  if (body.transport_key_id !== undefined) {
    throw invalid('transport_key_id', 'there is no such transport key')
  }
  if (Buffer.byteLength(body.payload) > maxPayloadBytes) {
    throw new Fault(
      'tooLarge',
      `The payload is larger than ${maxPayloadBytes} bytes, which is the limit.`,
    )
  }
  if (body.payload === '') throw invalid('payload', 'it must not be empty')
  return {
    contentType: supported(body.payload_content_type).type,
    bytes: payloadBytes(body.payload, body.payload_content_type, body.payload_content_encoding),
  }
}

function supported(contentType: string) {
  const entry = payloadContentType(contentType)
  if (entry !== undefined) return entry
  throw new Fault('badRequest', UNSUPPORTED_TYPE)
}

function payloadBytes(
  payload: string,
  contentType: string,
  encoding: 'base64' | undefined,
): Buffer {
  const wanted = supported(contentType).encoding
  if (encoding !== wanted) {
    throw invalid(
      'payload_content_encoding',
      wanted === undefined ? 'text/plain wants none' : 'base64 is wanted with this content type',
    )
  }
  if (encoding === undefined) return Buffer.from(payload, 'utf8')
  const bytes = decodeBase64(payload)
  if (bytes === undefined || bytes.length === 0) {
    throw invalid('payload', 'standard base64 of at least one byte is wanted')
  }
  return bytes
}

function invalid(property: string, wanted: string): Fault {
  return new Fault('badRequest', `Property ${property} is not valid: ${wanted}.`)
}

import { z } from 'zod'
import type { NewPayload } from '../../domain/newSecret.ts'
import { decodeLenientBase64 } from '../../lib/base64.ts'
import { Fault } from '../../lib/fault.ts'
import type { ApiRequest } from '../route.ts'

export const payloadUploadParameters = {
  transport_key_id: z.string().describe('Refused: no secret store here has transport keys.'),
}

const UPLOAD_TYPES = { 'text/plain': true, 'application/octet-stream': true } as const
type UploadType = keyof typeof UPLOAD_TYPES

/**
 * PUT /v1/secrets/{id}: raw bytes, or base64 text for octet-stream (contract 01, PUT payload). Text is
 * kept as it is, and its Content-Encoding is ignored.
 */
export async function decodePayloadUpload(
  request: ApiRequest,
  maxPayloadBytes: number,
): Promise<NewPayload> {
  const contentType = uploadType(request.header('content-type'))
  const encoding = request.header('content-encoding')?.trim().toLowerCase() ?? ''
  const isEncoded = contentType === 'application/octet-stream' && encoding === 'base64'
  if (request.query.has('transport_key_id')) {
    throw new Fault('badRequest', 'Query parameter transport_key_id names no transport key.')
  }
  const body = await request.bytes(maxPayloadBytes)
  if (body.length === 0) throw new Fault('badRequest', 'The body is empty; a payload is wanted.')
  if (contentType === 'text/plain' || encoding === '') return { bytes: body, contentType }
  if (!isEncoded) {
    throw new Fault('badRequest', 'Content-Encoding wants base64, or none for raw bytes.')
  }
  const bytes = decodeLenientBase64(body.toString('latin1'))
  body.fill(0)
  if (bytes === undefined) throw new Fault('badRequest', 'The body wants standard base64.')
  return { bytes, contentType }
}

function uploadType(header: string | undefined): UploadType {
  const type = header?.split(';')[0]?.trim()
  if (type !== undefined && Object.hasOwn(UPLOAD_TYPES, type)) return type as UploadType
  throw new Fault(
    'unsupportedMediaType',
    'Content-Type wants application/octet-stream or text/plain.',
  )
}

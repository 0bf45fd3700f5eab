import { isUtf8 } from 'node:buffer'
import type { Payload } from '../../domain/secrets.ts'
import { Fault } from '../../lib/fault.ts'
import type { ContentType } from '../../model/contentTypes.ts'
import { type MediaRange, parseMediaRanges } from '../mediaRanges.ts'
import type { Answer } from '../route.ts'

/** A way to send a payload: the header it gets, and whether its bytes have to be text. */
interface Representation {
  readonly contentType: string
  readonly isText: boolean
}

const OCTETS: Representation = { contentType: 'application/octet-stream', isText: false }
const PKCS8: Representation = { contentType: 'application/pkcs8', isText: false }
const TEXT: Representation = { contentType: 'text/plain; charset=UTF-8', isText: true }

const STORED: Record<ContentType, Representation> = {
  'text/plain': TEXT,
  'application/octet-stream': OCTETS,
  'application/pkcs8': PKCS8,
}

/** No proxy or client library may keep a payload. */
const NEVER_CACHED = { 'Cache-Control': 'no-store' }

/** Anything may be read as octets or, if it is UTF-8, as text, whatever it was stored as (contract 01). */
export function renderPayload(payload: Payload, accept: string | undefined): Answer {
  const { bytes } = payload
  if (bytes.length === 0) return { status: 204 }
  const chosen = candidates(accept, payload.contentType).find(
    ({ isText }) => !isText || isUtf8(bytes),
  )
  if (chosen !== undefined) {
    return { status: 200, payload: bytes, contentType: chosen.contentType, headers: NEVER_CACHED }
  }
  bytes.fill(0)
  throw new Fault(
    'notAcceptable',
    'The payload cannot be given as Accept wants it: application/octet-stream always can.',
  )
}

function candidates(accept: string | undefined, stored: ContentType): readonly Representation[] {
  if (accept === undefined || accept === '' || accept === OCTETS.contentType) return [OCTETS]
  if (accept === '*/*') return [STORED[stored]]
  return parseMediaRanges(accept)
    .filter((range) => range.quality > 0)
    .flatMap((range) => representation(range, stored))
}

function representation(range: MediaRange, stored: ContentType): readonly Representation[] {
  switch (range.type) {
    case 'text/plain':
      return textRepresentation(range)
    case 'text/*':
      return [TEXT]
    case 'application/octet-stream':
      return [OCTETS]
    case 'application/pkcs8':
      return [PKCS8]
    case 'application/*':
      return [STORED[stored].isText ? OCTETS : STORED[stored]]
    case '*/*':
      return [STORED[stored], OCTETS]
    default:
      return []
  }
}

/** The reference echoes a charset as the client spelt it; other charsets it does not have. */
function textRepresentation(range: MediaRange): readonly Representation[] {
  const charset = range.parameters.get('charset')
  if (charset === undefined) return [TEXT]
  return charset === 'utf-8' ? [{ contentType: range.text, isText: true }] : []
}

const PAYLOAD_TYPES: ReadonlySet<string> = new Set(Object.keys(STORED))

/** GET /v1/secrets/{id} with an Accept of a payload type is the legacy way to read the payload (Q11). */
export function wantsPayload(accept: string | undefined): boolean {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') {
    return false
  }
  for (const { type, quality } of parseMediaRanges(accept)) {
    if (quality === 0) continue
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return false
    if (PAYLOAD_TYPES.has(type)) return true
  }
  // Neither metadata nor any payload form was asked for: reading on ends in 406.
  return true
}

import {
  CREDENTIAL_USERNAME_AND_PASSWORD,
  type KmipVersion,
  OPERATION,
  type Operation,
  reasonName,
  STATUS_SUCCESS,
  TAG,
} from './kmipNames.ts'
import { decodeTtlv, encodeTtlv, MalformedTtlv, type Ttlv, type TtlvValue } from './ttlv.ts'

export interface KmipCredential {
  readonly username: string
  readonly password: string
}

/** The largest answer we read, and tell the server so: it is a handful of attributes. */
export const MAX_RESPONSE_BYTES = 65_536

/** The server understood and said no. */
export class KmipRefusal extends Error {
  readonly reason: number

  constructor(operation: Operation, reason: number, message: string | undefined) {
    const said = message === undefined || message === '' ? '' : `: ${printable(message)}`
    super(`${operation} was refused with ${reasonName(reason)}${said}`)
    this.name = 'KmipRefusal'
    this.reason = reason
  }
}

export function structure(tag: number, ...items: readonly (Ttlv | undefined)[]): Ttlv {
  return { tag, type: 'structure', items: items.filter((item) => item !== undefined) }
}

export function integer(tag: number, value: number): Ttlv {
  return { tag, type: 'integer', value }
}

export function enumeration(tag: number, value: number): Ttlv {
  return { tag, type: 'enumeration', value }
}

export function text(tag: number, value: string): Ttlv {
  return { tag, type: 'text', value }
}

export function bytes(tag: number, value: Uint8Array): Ttlv {
  return { tag, type: 'bytes', value }
}

export function protocolVersion({ major, minor }: KmipVersion): Ttlv {
  return structure(
    TAG.protocolVersion,
    integer(TAG.protocolVersionMajor, major),
    integer(TAG.protocolVersionMinor, minor),
  )
}

export interface KmipRequest {
  readonly version: KmipVersion
  readonly credential: KmipCredential | undefined
  readonly operation: Operation
  readonly payload: readonly (Ttlv | undefined)[]
}

/** The caller wipes it: it may hold a key or a password. */
export function encodeRequest({ version, credential, operation, payload }: KmipRequest): Buffer {
  return encodeTtlv(
    structure(
      TAG.requestMessage,
      structure(
        TAG.requestHeader,
        protocolVersion(version),
        integer(TAG.maximumResponseSize, MAX_RESPONSE_BYTES),
        credential === undefined ? undefined : authentication(credential),
        integer(TAG.batchCount, 1),
      ),
      structure(
        TAG.batchItem,
        enumeration(TAG.operation, OPERATION[operation]),
        structure(TAG.requestPayload, ...payload),
      ),
    ),
  )
}

function authentication({ username, password }: KmipCredential): Ttlv {
  return structure(
    TAG.authentication,
    structure(
      TAG.credential,
      enumeration(TAG.credentialType, CREDENTIAL_USERNAME_AND_PASSWORD),
      structure(TAG.credentialValue, text(TAG.username, username), text(TAG.password, password)),
    ),
  )
}

/**
 * What the server answers to the one thing it was asked.
 * @throws KmipRefusal when it says no
 * @throws MalformedTtlv when it is no answer
 */
export function decodeResponse(operation: Operation, message: Uint8Array): KmipAnswer {
  const response = new KmipAnswer(decodeTtlv(message), TAG.responseMessage)
  const item = response.inner(TAG.batchItem)
  const status = item.enumeration(TAG.resultStatus)
  if (status !== STATUS_SUCCESS) {
    const reason = item.optional(TAG.resultReason, 'enumeration')?.value
    const said = item.optional(TAG.resultMessage, 'text')?.value
    throw new KmipRefusal(operation, reason ?? 0x100, said)
  }
  return item.inner(TAG.responsePayload)
}

/** A structure of an answer, read by tags. What is missing or of another type makes the answer malformed. */
export class KmipAnswer {
  readonly #items: readonly Ttlv[]

  constructor(item: Ttlv, wanted: number) {
    if (item.tag !== wanted || item.type !== 'structure') throw malformed(wanted)
    this.#items = item.items
  }

  all(tag: number): readonly Ttlv[] {
    return this.#items.filter((item) => item.tag === tag)
  }

  optional<Type extends TtlvValue['type']>(
    tag: number,
    type: Type,
  ): Extract<TtlvValue, { type: Type }> | undefined {
    const [found] = this.all(tag)
    if (found === undefined) return undefined
    if (!isOf(found, type)) throw malformed(tag)
    return found
  }

  inner(tag: number): KmipAnswer {
    const [found] = this.all(tag)
    if (found === undefined) throw malformed(tag)
    return new KmipAnswer(found, tag)
  }

  enumeration(tag: number): number {
    return required(tag, this.optional(tag, 'enumeration')?.value)
  }

  bytes(tag: number): Uint8Array {
    return required(tag, this.optional(tag, 'bytes')?.value)
  }
}

function required<T>(tag: number, found: T | undefined): T {
  if (found === undefined) throw malformed(tag)
  return found
}

function isOf<Type extends TtlvValue['type']>(
  item: TtlvValue,
  type: Type,
): item is Extract<TtlvValue, { type: Type }> {
  return item.type === type
}

function malformed(tag: number): MalformedTtlv {
  return new MalformedTtlv(`lacks 0x${tag.toString(16)}, or has it in another type`)
}

/** Into a log goes one short line, whatever the server says. */
function printable(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200)
}

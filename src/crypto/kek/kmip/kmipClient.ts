import { type KmipPlace, KmipUnreachable } from './kmipConnection.ts'
import {
  bytes,
  decodeResponse,
  encodeRequest,
  enumeration,
  integer,
  type KmipAnswer,
  type KmipCredential,
  KmipRefusal,
  protocolVersion,
  structure,
  text,
} from './kmipMessages.ts'
import {
  ALGORITHM_AES,
  ATTRIBUTE_NAMES,
  ATTRIBUTES,
  type Attribute,
  KMIP_VERSIONS,
  type KmipVersion,
  MODE_CBC,
  MODE_GCM,
  NAME_UNINTERPRETED_TEXT,
  type Operation,
  PADDING_PKCS5,
  TAG,
} from './kmipNames.ts'
import { KmipPool } from './kmipPool.ts'
import { MalformedTtlv, type Ttlv, type TtlvValue } from './ttlv.ts'

export interface KmipClientParts {
  readonly place: KmipPlace
  readonly credential: KmipCredential | undefined
  readonly connections: number
}

/** What GCM takes beside key and text. */
export interface GcmInput {
  readonly nonce: Uint8Array
  readonly additionalData: Uint8Array
}

const TAG_BYTES = 16

/** KMIP 1.2 to 2.0, as far as a KEK store needs it. Everything here may be asked twice. */
export class KmipClient {
  readonly #pool: KmipPool
  readonly #credential: KmipCredential | undefined
  #version: KmipVersion | undefined

  constructor({ place, credential, connections }: KmipClientParts) {
    this.#pool = new KmipPool(place, connections)
    this.#credential = credential
  }

  /** Agrees on the first of these that the server speaks. @returns undefined when there is none */
  async agreeOnVersion(
    offered: readonly KmipVersion[],
    signal: AbortSignal,
  ): Promise<KmipVersion | undefined> {
    const theirs = await this.#discoverIn(offered.toReversed(), offered, signal)
    this.#version = offered.find((version) => theirs.has(version.name))
    return this.#version
  }

  /** Asks for nothing but an answer. */
  async greet(signal: AbortSignal): Promise<void> {
    await this.#discover(this.#agreed, KMIP_VERSIONS, signal)
  }

  /** Identifiers of all objects of this name. */
  async locate(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const value = [
      text(TAG.nameValue, name),
      enumeration(TAG.nameType, NAME_UNINTERPRETED_TEXT),
    ] as const
    const wanted = this.#agreed.hasAttributeTags
      ? structure(TAG.attributes, structure(TAG.name, ...value))
      : structure(
          TAG.attribute,
          text(TAG.attributeName, 'Name'),
          structure(TAG.attributeValue, ...value),
        )
    const found = await this.#ask('locate', signal, [wanted])
    return found
      .all(TAG.uniqueIdentifier)
      .flatMap((item) => (item.type === 'text' ? [item.value] : []))
  }

  /** A server leaves out what it does not know. */
  async attributes(id: string, signal: AbortSignal): Promise<ReadonlyMap<Attribute, TtlvValue>> {
    const { hasAttributeTags } = this.#agreed
    const found = await this.#ask('getAttributes', signal, [
      text(TAG.uniqueIdentifier, id),
      ...Object.values(ATTRIBUTES).map(({ name, tag }) =>
        hasAttributeTags ? enumeration(TAG.attributeReference, tag) : text(TAG.attributeName, name),
      ),
    ])
    return hasAttributeTags ? attributesByTag(found) : attributesByName(found)
  }

  /** @returns ciphertext and tag; the caller wipes `plaintext` */
  async encryptGcm(
    id: string,
    plaintext: Uint8Array,
    { nonce, additionalData }: GcmInput,
    signal: AbortSignal,
  ): Promise<{ readonly ciphertext: Uint8Array; readonly tag: Uint8Array }> {
    this.#wantAdditionalData()
    const answer = await this.#ask('encrypt', signal, [
      text(TAG.uniqueIdentifier, id),
      GCM_PARAMETERS,
      bytes(TAG.data, plaintext),
      bytes(TAG.ivCounterNonce, nonce),
      bytes(TAG.additionalData, additionalData),
    ])
    return { ciphertext: answer.bytes(TAG.data), tag: answer.bytes(TAG.authenticationTag) }
  }

  /** @returns the plaintext, which the caller wipes */
  async decryptGcm(
    id: string,
    sealed: { readonly ciphertext: Uint8Array; readonly tag: Uint8Array },
    { nonce, additionalData }: GcmInput,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    this.#wantAdditionalData()
    const answer = await this.#ask('decrypt', signal, [
      text(TAG.uniqueIdentifier, id),
      GCM_PARAMETERS,
      bytes(TAG.data, sealed.ciphertext),
      bytes(TAG.ivCounterNonce, nonce),
      bytes(TAG.additionalData, additionalData),
      bytes(TAG.authenticationTag, sealed.tag),
    ])
    return answer.bytes(TAG.data)
  }

  /** AES-CBC with padding, whose last block says nothing that is not known. */
  async encryptCbc(
    id: string,
    plaintext: Uint8Array,
    iv: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const answer = await this.#ask('encrypt', signal, [
      text(TAG.uniqueIdentifier, id),
      CBC_PARAMETERS,
      bytes(TAG.data, plaintext),
      bytes(TAG.ivCounterNonce, iv),
    ])
    return answer.bytes(TAG.data)
  }

  close(): void {
    this.#pool.close()
  }

  /** Before 1.4 a server would not know what to do with it, and might leave it out. */
  #wantAdditionalData(): void {
    const { name, bindsContext } = this.#agreed
    if (bindsContext) return
    throw new KmipUnreachable(
      `this key is wrapped by AES-GCM, which wants KMIP 1.4; ${name} is spoken with the server`,
    )
  }

  get #agreed(): KmipVersion {
    if (this.#version === undefined) throw new Error('No version of KMIP was agreed on.')
    return this.#version
  }

  /** The question itself has a version; a server that knows only newer ones does not understand the oldest. */
  async #discoverIn(
    spoken: readonly KmipVersion[],
    offered: readonly KmipVersion[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const [first, ...others] = spoken
    if (first === undefined) return new Set()
    try {
      return await this.#discover(first, offered, signal)
    } catch (error) {
      if (!(error instanceof KmipRefusal) || others.length === 0) throw error
      return await this.#discoverIn(others, offered, signal)
    }
  }

  async #discover(
    spoken: KmipVersion,
    offered: readonly KmipVersion[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const payload = offered.map(protocolVersion)
    const answer = await this.#ask('discoverVersions', signal, payload, spoken)
    const versions = answer.all(TAG.protocolVersion).map((item) => {
      const parts = item.type === 'structure' ? item.items : []
      return parts.map((part) => (part.type === 'integer' ? part.value : -1)).join('.')
    })
    return new Set(versions)
  }

  async #ask(
    operation: Operation,
    signal: AbortSignal,
    payload: readonly Ttlv[],
    version = this.#agreed,
  ): Promise<KmipAnswer> {
    const request = { version, credential: this.#credential, operation, payload }
    const message = encodeRequest(request)
    let received: Buffer | undefined
    try {
      received = await this.#pool.ask(message, signal)
      return decodeResponse(operation, received)
    } catch (error) {
      if (error instanceof MalformedTtlv) throw new KmipUnreachable(error.message, error)
      throw error
    } finally {
      // Both may hold a key; what the answer was decoded into are copies.
      message.fill(0)
      received?.fill(0)
    }
  }
}

const GCM_PARAMETERS = structure(
  TAG.cryptographicParameters,
  enumeration(TAG.blockCipherMode, MODE_GCM),
  enumeration(TAG.cryptographicAlgorithm, ALGORITHM_AES),
  integer(TAG.tagLength, TAG_BYTES),
)

const CBC_PARAMETERS = structure(
  TAG.cryptographicParameters,
  enumeration(TAG.blockCipherMode, MODE_CBC),
  enumeration(TAG.paddingMethod, PADDING_PKCS5),
  enumeration(TAG.cryptographicAlgorithm, ALGORITHM_AES),
)

function attributesByTag(found: KmipAnswer): ReadonlyMap<Attribute, TtlvValue> {
  const attributes = new Map<Attribute, TtlvValue>()
  const inner = found.inner(TAG.attributes)
  for (const attribute of ATTRIBUTE_NAMES) {
    const [value] = inner.all(ATTRIBUTES[attribute].tag)
    if (value !== undefined) attributes.set(attribute, value)
  }
  return attributes
}

function attributesByName(found: KmipAnswer): ReadonlyMap<Attribute, TtlvValue> {
  const attributes = new Map<Attribute, TtlvValue>()
  for (const item of found.all(TAG.attribute)) {
    const items = item.type === 'structure' ? item.items : []
    const name = items.find(({ tag }) => tag === TAG.attributeName)
    const value = items.find(({ tag }) => tag === TAG.attributeValue)
    const attribute = ATTRIBUTE_NAMES.find(
      (known) => name?.type === 'text' && ATTRIBUTES[known].name === name.value,
    )
    if (attribute !== undefined && value !== undefined) attributes.set(attribute, value)
  }
  return attributes
}

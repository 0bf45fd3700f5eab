import { z } from 'zod'
import { decodeBase64 } from '../../../lib/base64.ts'
import { KmsUnreachable } from '../kmsHttp.ts'
import { type TransitKey, transitKey } from './transitKey.ts'
import { type VaultHttp, type VaultQuestion, VaultRefusal } from './vaultHttp.ts'
import type { VaultSession } from './vaultSession.ts'

export interface TransitClientParts {
  readonly http: VaultHttp
  readonly session: VaultSession
  /** Where the transit engine is mounted. */
  readonly mount: string
  readonly keyName: string
}

/** Vault says 403 to an unknown token and to a missing line of a policy alike; this is the latter. */
export class MissingPolicy extends Error {
  constructor(path: string, capability: string, cause: unknown) {
    super(
      `our token may not: a policy of it wants path "${path}" { capabilities = ["${capability}"] }`,
      { cause },
    )
    this.name = 'MissingPolicy'
  }
}

const encrypted = z.object({ data: z.object({ ciphertext: z.string() }) })
const decrypted = z.object({ data: z.object({ plaintext: z.string() }) })
const anything = z.unknown()

/** The transit engine's API for one key. */
export class TransitClient {
  readonly #parts: TransitClientParts

  constructor(parts: TransitClientParts) {
    this.#parts = parts
  }

  async readKey(signal: AbortSignal): Promise<TransitKey> {
    const { data } = await this.#ask(
      { method: 'GET', path: this.#path('keys') },
      transitKey,
      signal,
    )
    return data
  }

  /** @returns what stands behind `vault:vN:`, in bytes */
  async encrypt(
    version: number,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const json = {
      plaintext: base64(plaintext),
      associated_data: base64(associatedData),
      key_version: version,
    }
    const { data } = await this.#ask({ path: this.#path('encrypt'), json }, encrypted, signal)
    const [, of, text] = /^vault:v(\d+):(.+)$/.exec(data.ciphertext) ?? []
    const bytes = text === undefined ? undefined : decodeBase64(text)
    if (Number(of) === version && bytes !== undefined) return bytes
    throw new KmsUnreachable(
      `${this.#parts.http.host} encrypted into something else than it should`,
    )
  }

  /** @returns the plaintext, which the caller wipes */
  async decrypt(
    version: number,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const json = {
      ciphertext: `vault:v${version}:${base64(ciphertext)}`,
      associated_data: base64(associatedData),
    }
    const { data } = await this.#ask({ path: this.#path('decrypt'), json }, decrypted, signal)
    const bytes = decodeBase64(data.plaintext)
    if (bytes !== undefined) return bytes
    throw new KmsUnreachable(
      `${this.#parts.http.host} decrypted into something else than it should`,
    )
  }

  /** Makes the next version. */
  async rotate(signal: AbortSignal): Promise<void> {
    await this.#ask({ path: `${this.#path('keys')}/rotate`, json: {} }, anything, signal)
  }

  async health(signal: AbortSignal): Promise<void> {
    await this.#parts.http.health(signal)
  }

  close(): void {
    this.#parts.session.close()
    this.#parts.http.close()
  }

  #path(what: 'keys' | 'encrypt' | 'decrypt'): string {
    const { mount, keyName } = this.#parts
    return `${mount}/${what}/${encodeURIComponent(keyName)}`
  }

  async #ask<T>(
    question: Omit<VaultQuestion, 'token'>,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { http, session } = this.#parts
    const token = await session.token(signal)
    try {
      return await http.ask({ ...question, token }, shape, signal)
    } catch (error) {
      if (!isForbidden(error)) throw error
      // Revoked, or over before its time: perhaps we are somebody again with another one.
      const other = await session.tokenInsteadOf(token, signal)
      if (other === undefined) throw missing(question, error)
      try {
        return await http.ask({ ...question, token: other }, shape, signal)
      } catch (again) {
        throw isForbidden(again) ? missing(question, again) : again
      }
    }
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof VaultRefusal && error.status === 403
}

function missing({ method, path }: Omit<VaultQuestion, 'token'>, cause: unknown): MissingPolicy {
  return new MissingPolicy(path, method === 'GET' ? 'read' : 'update', cause)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

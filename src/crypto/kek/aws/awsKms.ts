import { z } from 'zod'
import { decodeBase64 } from '../../../lib/base64.ts'
import type { Clock } from '../../../lib/clock.ts'
import { KmsHttp, KmsUnreachable } from '../kmsHttp.ts'
import type { TlsSource } from '../tlsFiles.ts'
import type { HeldCredentials } from './heldCredentials.ts'
import { type AwsCredentials, signatureHeaders } from './sigV4.ts'

export interface AwsKmsParts {
  readonly endpoint: string
  readonly region: string
  readonly tls: TlsSource
  readonly credentials: HeldCredentials
  readonly clock: Clock
}

/** Understood, and refused. */
export class AwsRefusal extends Error {
  /** Such as `InvalidCiphertextException`. */
  readonly type: string

  constructor(operation: string, type: string, said: string) {
    super(`${operation} was refused with ${type}${said === '' ? '' : `: ${said}`}`)
    this.name = 'AwsRefusal'
    this.type = type
  }
}

const described = z.object({
  KeyMetadata: z.object({
    Arn: z.string().min(1),
    CreationDate: z.number().optional(),
    KeyState: z.string().optional(),
    KeyUsage: z.string().optional(),
    KeySpec: z.string().optional(),
    Origin: z.string().optional(),
  }),
})
const encrypted = z.object({ CiphertextBlob: z.string().min(1) })
const decrypted = z.object({ Plaintext: z.string().min(1), KeyId: z.string() })
const refused = z.object({
  __type: z.string().default(''),
  message: z.string().optional(),
  Message: z.string().optional(),
})

export type KeyMetadata = z.infer<typeof described>['KeyMetadata']
export type EncryptionContext = Readonly<Record<string, string>>

/** Credentials that AWS does not take (any more). */
const STALE = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
])

/** AWS KMS's API (TrentService 2014-11-01) as far as a KEK store needs it, signed by hand. */
export class AwsKms {
  readonly #parts: AwsKmsParts
  readonly #http: KmsHttp

  constructor(parts: AwsKmsParts) {
    this.#parts = parts
    this.#http = new KmsHttp(parts.endpoint, parts.tls)
  }

  async describeKey(keyId: string, signal: AbortSignal): Promise<KeyMetadata> {
    const answer = await this.#call('DescribeKey', { KeyId: keyId }, described, signal)
    return answer.KeyMetadata
  }

  async encrypt(
    keyId: string,
    plaintext: Uint8Array,
    context: EncryptionContext,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const asked = { KeyId: keyId, Plaintext: base64(plaintext), EncryptionContext: context }
    const answer = await this.#call('Encrypt', asked, encrypted, signal)
    return this.#bytes('Encrypt', answer.CiphertextBlob)
  }

  /** @returns the plaintext, which the caller wipes */
  async decrypt(
    keyId: string,
    ciphertext: Uint8Array,
    context: EncryptionContext,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const asked = { KeyId: keyId, CiphertextBlob: base64(ciphertext), EncryptionContext: context }
    const answer = await this.#call('Decrypt', asked, decrypted, signal)
    if (answer.KeyId !== keyId) throw new KmsUnreachable(`it opened with ${answer.KeyId} instead`)
    return this.#bytes('Decrypt', answer.Plaintext)
  }

  close(): void {
    this.#http.close()
    this.#parts.credentials.close()
  }

  async #call<T>(
    operation: string,
    asked: Readonly<Record<string, unknown>>,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { credentials } = this.#parts
    const held = await credentials.current(signal)
    try {
      return await this.#signed(operation, asked, shape, held, signal)
    } catch (error) {
      if (!(error instanceof AwsRefusal) || !STALE.has(error.type)) throw error
      credentials.discard(held)
      return await this.#signed(operation, asked, shape, await credentials.current(signal), signal)
    }
  }

  async #signed<T>(
    operation: string,
    asked: Readonly<Record<string, unknown>>,
    shape: z.ZodType<T>,
    credentials: AwsCredentials,
    signal: AbortSignal,
  ): Promise<T> {
    const { region, clock } = this.#parts
    const body = Buffer.from(JSON.stringify(asked))
    try {
      const headers = {
        host: this.#http.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      }
      const request = { method: 'POST', headers, body, region, service: 'kms' } as const
      const signature = signatureHeaders({ ...request, epochMs: clock.epochMs() }, credentials)
      const response = await this.#http.send(
        { method: 'POST', path: '/', headers: { ...headers, ...signature }, body },
        signal,
      )
      try {
        return this.#understood(operation, response.status, response.body, shape)
      } finally {
        response.body.fill(0)
      }
    } finally {
      body.fill(0)
    }
  }

  #understood<T>(operation: string, status: number, body: Buffer, shape: z.ZodType<T>): T {
    const value = parsed(body)
    if (status !== 200) {
      const said = refused.safeParse(value)
      if (!said.success || said.data.__type === '') {
        throw new KmsUnreachable(`${this.#http.host} answers ${operation} with ${status}`)
      }
      const { __type: type, message, Message } = said.data
      // Services put their own name before a `#`.
      const name = printable(type.slice(type.lastIndexOf('#') + 1))
      throw new AwsRefusal(operation, name, printable(message ?? Message ?? ''))
    }
    const understood = shape.safeParse(value)
    if (understood.success) return understood.data
    throw this.#odd(operation)
  }

  #bytes(operation: string, text: string): Uint8Array {
    const bytes = decodeBase64(text)
    if (bytes === undefined) throw this.#odd(operation)
    return bytes
  }

  #odd(operation: string): KmsUnreachable {
    return new KmsUnreachable(
      `${this.#http.host} answers ${operation} with something else than it should`,
    )
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Into a log goes one short line, whatever the server says. */
function printable(said: string): string {
  return said
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

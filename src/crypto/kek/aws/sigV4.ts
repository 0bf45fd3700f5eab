import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** Who signs. The secret is held as a key, so that it prints as nothing. */
export class AwsCredentials {
  readonly accessKeyId: string
  readonly sessionToken: string | undefined
  /** Infinity: they do not end. */
  readonly endsAtEpochMs: number
  readonly #secret: KeyObject

  constructor(
    accessKeyId: string,
    secretAccessKey: string,
    sessionToken?: string,
    endsAtEpochMs = Number.POSITIVE_INFINITY,
  ) {
    this.accessKeyId = accessKeyId
    this.sessionToken = sessionToken
    this.endsAtEpochMs = endsAtEpochMs
    this.#secret = createSecretKey(Buffer.from(`AWS4${secretAccessKey}`, 'utf8'))
  }

  /** The key of one day, region and service. */
  signingKey(date: string, region: string, service: string): KeyObject {
    const steps = [date, region, service, 'aws4_request']
    return steps.reduce((key, step) => createSecretKey(hmac(key, step)), this.#secret)
  }
}

export interface RequestToSign {
  readonly method: string
  /** Those that are signed; `host` is one of them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly region: string
  readonly service: string
  readonly epochMs: number
}

/**
 * Signature Version 4 of a request to `/` without a query, which is all that KMS has.
 * @returns the headers that come to those given
 */
export function signatureHeaders(
  request: RequestToSign,
  credentials: AwsCredentials,
): Readonly<Record<string, string>> {
  const { region, service, epochMs } = request
  // YYYYMMDDTHHMMSSZ
  const time = `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const date = time.slice(0, 8)
  const { sessionToken } = credentials
  const added = {
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const canonical = canonicalRequest({ ...request, headers: { ...request.headers, ...added } })
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical.text)].join('\n')
  const key = credentials.signingKey(date, region, service)
  const signature = hmac(key, toSign).toString('hex')
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${canonical.signed}, Signature=${signature}`,
  }
}

/** What is signed, in one form: two requests that differ give two texts. */
export function canonicalRequest({
  method,
  headers,
  body,
}: Pick<RequestToSign, 'method' | 'headers' | 'body'>): {
  readonly text: string
  readonly signed: string
} {
  const sorted = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  const signed = sorted.map(([name]) => name).join(';')
  const lines = sorted.map(([name, value]) => `${name}:${value}\n`).join('')
  return { text: [method, '/', '', lines, signed, sha256(body)].join('\n'), signed }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: KeyObject, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

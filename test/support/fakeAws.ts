import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { type Pki, pkiNamed } from './testPki.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface FakeAwsKey {
  readonly arn: string
  readonly bytes: Buffer
  readonly created: number
  state: string
  usage: string
  spec: string
}

interface Account {
  readonly secret: string
  readonly token?: string
  /** Operations. */
  readonly may?: readonly string[]
}

class Refused extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

const REGION = 'eu-central-1'
const FIVE_MINUTES_MS = 300_000

/**
 * AWS KMS as its public API reference has it: DescribeKey, Encrypt, Decrypt with an encryption context. A stand-in
 * that checks every signature with code of its own, for AWS itself cannot be had where the tests run.
 */
export class FakeAws {
  readonly pki: Pki
  readonly accounts = new Map<string, Account>([['AKIDTEST', { secret: 'a secret access key' }]])
  readonly keys = new Map<string, FakeAwsKey>()
  readonly aliases = new Map<string, string>()
  /** Operations, and who asked. */
  readonly asked: string[] = []
  readonly region = REGION
  instead: (operation: string) => readonly [status: number, body: unknown] | undefined = () =>
    undefined
  readonly #server: Server

  private constructor(pki: Pki, server: Server) {
    this.pki = pki
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#respond(request, response).catch(() => response.destroy())
    })
  }

  static async start(t: CleansUp): Promise<FakeAws> {
    const pki = await pkiNamed('aws')
    const { certificate, key } = await pki.issue()
    const aws = new FakeAws(pki, createServer({ cert: certificate, key }))
    t.after(() => aws.stop())
    await aws.listen(0)
    return aws
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    const address = this.#server.address()
    return address === null || typeof address === 'string' ? 0 : address.port
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  makeKey(alias?: string): FakeAwsKey {
    const id = randomBytes(8).toString('hex')
    const key: FakeAwsKey = {
      arn: `arn:aws:kms:${REGION}:111122223333:key/${id}`,
      bytes: randomBytes(32),
      created: 1_700_000_000.123,
      state: 'Enabled',
      usage: 'ENCRYPT_DECRYPT',
      spec: 'SYMMETRIC_DEFAULT',
    }
    this.keys.set(key.arn, key)
    if (alias !== undefined) this.aliases.set(`alias/${alias}`, key.arn)
    return key
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const [status, content] = this.#answer(request, body)
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(text)
  }

  #answer(request: IncomingMessage, body: Buffer): readonly [number, unknown] {
    const target = String(request.headers['x-amz-target'])
    const operation = target.replace('TrentService.', '')
    try {
      const { id, may } = this.#signer(request, body)
      this.asked.push(`${operation} ${id}`)
      const instead = this.instead(operation)
      if (instead !== undefined) return instead
      if (may !== undefined && !may.includes(operation)) {
        throw new Refused('AccessDeniedException', `not authorized to perform: kms:${operation}`)
      }
      return [200, this.#done(operation, JSON.parse(body.toString()) as Record<string, unknown>)]
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return [400, { __type: error.type, message: error.message }]
    }
  }

  /** @throws Refused unless the request is signed by an account of ours, just now, as it arrived */
  #signer({ method, url, headers }: IncomingMessage, body: Buffer): Account & { id: string } {
    const pattern =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/kms\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/
    const [, id = '', date = '', region, names = '', given] =
      pattern.exec(String(headers.authorization)) ?? []
    const account = this.accounts.get(id)
    if (account === undefined) throw new Refused('UnrecognizedClientException', 'unknown key')
    if (account.token !== headers['x-amz-security-token']) {
      throw new Refused('ExpiredTokenException', 'The security token is expired')
    }
    const time = String(headers['x-amz-date'])
    const at = Date.parse(
      time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    )
    const isNow = Math.abs(Date.now() - at) < FIVE_MINUTES_MS && time.startsWith(date)
    const signed = names.split(';')
    const wanted = ['host', 'x-amz-date', 'x-amz-target']
    const isWhole = wanted.every((name) => signed.includes(name)) && region === REGION
    const canonical = [
      method,
      url,
      '',
      ...signed.map((name) => `${name}:${String(headers[name])}`),
      '',
      names,
      createHash('sha256').update(body).digest('hex'),
    ].join('\n')
    let key: Buffer = Buffer.from(`AWS4${account.secret}`)
    for (const step of [date, region ?? '', 'kms', 'aws4_request']) key = mac(key, step)
    const scope = `${date}/${region}/kms/aws4_request`
    const hash = createHash('sha256').update(canonical).digest('hex')
    const right = mac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).toString('hex')
    if (!isNow || !isWhole || right !== given) {
      throw new Refused('InvalidSignatureException', 'The request signature does not match')
    }
    return { ...account, id }
  }

  #done(operation: string, asked: Record<string, unknown>): unknown {
    const named = String(asked['KeyId'])
    const key = this.keys.get(this.aliases.get(named) ?? named)
    if (key === undefined) throw new Refused('NotFoundException', `Key '${named}' does not exist`)
    if (operation === 'DescribeKey') {
      return {
        KeyMetadata: {
          Arn: key.arn,
          CreationDate: key.created,
          KeyState: key.state,
          KeyUsage: key.usage,
          KeySpec: key.spec,
          Origin: 'AWS_KMS',
        },
      }
    }
    if (key.state !== 'Enabled') throw new Refused('DisabledException', `${key.arn} is disabled`)
    const context = Buffer.from(JSON.stringify(asked['EncryptionContext'] ?? {}))
    if (operation === 'Encrypt') {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(context)
      const plaintext = Buffer.from(String(asked['Plaintext']), 'base64')
      const sealed = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
      return {
        KeyId: key.arn,
        CiphertextBlob: Buffer.concat([Buffer.from(key.arn.slice(-16)), ...sealed]).toString(
          'base64',
        ),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      }
    }
    const blob = Buffer.from(String(asked['CiphertextBlob']), 'base64')
    if (blob.subarray(0, 16).toString() !== key.arn.slice(-16)) {
      throw new Refused(
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK',
      )
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, blob.subarray(16, 28), {
        authTagLength: 16,
      })
      decipher.setAAD(context).setAuthTag(blob.subarray(-16))
      const opened = Buffer.concat([decipher.update(blob.subarray(28, -16)), decipher.final()])
      return { KeyId: key.arn, Plaintext: opened.toString('base64') }
    } catch {
      throw new Refused('InvalidCiphertextException', '')
    }
  }
}

function mac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

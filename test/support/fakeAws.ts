import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gcmOpened, gcmSealed } from './gcmBytes.ts'
import type { Pki } from './testPki.ts'
import { TlsStandIn } from './tlsStandIn.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface FakeAwsKey {
  readonly arn: string
  /** Another one is added by each of its rotations. */
  readonly materials: Buffer[]
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
  readonly accounts = new Map<string, Account>([['AKIDTEST', { secret: 'a secret access key' }]])
  readonly keys = new Map<string, FakeAwsKey>()
  readonly aliases = new Map<string, string>()
  /** Operations, and who asked. */
  readonly asked: string[] = []
  readonly region = REGION
  instead: (operation: string) => readonly [status: number, body: unknown] | undefined = () =>
    undefined
  #standIn: TlsStandIn | undefined

  static async start(t: CleansUp): Promise<FakeAws> {
    const aws = new FakeAws()
    aws.#standIn = await TlsStandIn.start(t, {
      name: 'aws',
      respond: (request, response) => aws.#respond(request, response),
    })
    return aws
  }

  get server(): TlsStandIn {
    if (this.#standIn === undefined) throw new Error('It was not started.')
    return this.#standIn
  }

  get pki(): Pki {
    return this.server.pki
  }

  get url(): string {
    return this.server.url
  }

  makeKey(alias?: string): FakeAwsKey {
    const id = randomBytes(8).toString('hex')
    const key: FakeAwsKey = {
      arn: `arn:aws:kms:${REGION}:111122223333:key/${id}`,
      materials: [randomBytes(32)],
      created: 1_700_000_000.123,
      state: 'Enabled',
      usage: 'ENCRYPT_DECRYPT',
      spec: 'SYMMETRIC_DEFAULT',
    }
    this.keys.set(key.arn, key)
    if (alias !== undefined) this.aliases.set(`alias/${alias}`, key.arn)
    return key
  }

  /** Automatic rotation: id, ARN and all that DescribeKey tells stay what they were. */
  rotateMaterial(key: FakeAwsKey): void {
    key.materials.push(randomBytes(32))
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
      const plaintext = Buffer.from(String(asked['Plaintext']), 'base64')
      // Like AWS's own, it says which key made it, and nobody outside can tell which material of that key.
      const material = key.materials.length - 1
      const sealed = gcmSealed(materialOf(key, material), plaintext, context)
      const head = Buffer.concat([Buffer.from(key.arn.slice(-16)), Buffer.of(material)])
      return {
        KeyId: key.arn,
        CiphertextBlob: Buffer.concat([head, sealed]).toString('base64'),
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
      const opened = gcmOpened(materialOf(key, blob[16] ?? 0), blob.subarray(17), context)
      return { KeyId: key.arn, Plaintext: opened.toString('base64') }
    } catch {
      throw new Refused('InvalidCiphertextException', '')
    }
  }
}

function materialOf({ materials }: FakeAwsKey, index: number): Buffer {
  const material = materials[index]
  if (material === undefined) throw new Error('no such material')
  return material
}

function mac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

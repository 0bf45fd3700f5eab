import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { KmsHttp, type KmsResponse, KmsUnreachable } from '../kmsHttp.ts'
import { reasonOf } from '../reasonOf.ts'
import { AwsCredentials } from './sigV4.ts'

/** Where credentials come from. They are asked again when they are about to end. */
export interface CredentialSource {
  /** In an operator's words. */
  readonly name: string
  /** @throws KmsUnreachable, StartupRefusal */
  fetch(signal: AbortSignal): Promise<AwsCredentials>
  close(): void
}

const nothingToClose = () => undefined

/** Written in the settings, or in the environment. */
export function givenCredentials(
  accessKeyId: string,
  secret: () => string,
  sessionToken: string | undefined,
): CredentialSource {
  return {
    name: `access key ${accessKeyId}`,
    fetch: async () => new AwsCredentials(accessKeyId, secret(), sessionToken),
    close: nothingToClose,
  }
}

/** How long what stands in a file counts before it is read again: something else may be there by then. */
const FILE_FOR_MS = 300_000

/** The file that all of AWS's tools share: INI with a section for each profile. */
export function sharedFileCredentials(
  path: string,
  profile: string,
  epochMs: () => number,
): CredentialSource {
  return {
    name: `profile ${profile} of ${path}`,
    fetch: async () => {
      const options = profileIn(textOf(path), profile)
      const id = options.get('aws_access_key_id')
      const secret = options.get('aws_secret_access_key')
      if (id === undefined || secret === undefined) {
        throw new StartupRefusal(
          `${path} has no aws_access_key_id and aws_secret_access_key in [${profile}].`,
        )
      }
      const token = options.get('aws_session_token')
      return new AwsCredentials(id, secret, token, epochMs() + FILE_FOR_MS)
    },
    close: nothingToClose,
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StartupRefusal(`The credentials in ${path} cannot be read: ${reasonOf(cause)}.`, {
      cause,
    })
  }
}

function profileIn(text: string, profile: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1]
    if (header !== undefined) section = header
    const [, name, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (section === profile && name !== undefined && value !== undefined) options.set(name, value)
  }
  return options
}

const temporary = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
  Expiration: z.iso.datetime({ offset: true }),
})

/** The endpoint that a container orchestrator gives its containers: ECS, or EKS Pod Identity. */
export function containerCredentials(
  url: string,
  authorization: () => string | undefined,
): CredentialSource {
  const { origin, pathname, search } = new URL(url)
  const http = new KmsHttp(origin)
  return {
    name: `container credentials at ${origin}`,
    fetch: async (signal) => {
      const token = authorization()
      const headers = token === undefined ? {} : { Authorization: token }
      const path = `${pathname}${search}`
      return temporaryFrom(origin, await http.send({ method: 'GET', path, headers }, signal))
    },
    close: () => http.close(),
  }
}

const ROLES = '/latest/meta-data/iam/security-credentials/'

/** The metadata of an EC2 instance, version 2: a session first, so that no proxy can be made to ask. */
export function instanceCredentials(url: string): CredentialSource {
  const http = new KmsHttp(url)
  return {
    name: `instance metadata at ${url}`,
    fetch: async (signal) => {
      const session = await http.send(
        {
          method: 'PUT',
          path: '/latest/api/token',
          headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '300' },
        },
        signal,
      )
      const headers = { 'X-aws-ec2-metadata-token': textFrom(url, session) }
      const ask = (path: string) => http.send({ method: 'GET', path, headers }, signal)
      const role = textFrom(url, await ask(ROLES)).split('\n', 1)[0] ?? ''
      return temporaryFrom(url, await ask(`${ROLES}${encodeURIComponent(role)}`))
    },
    close: () => http.close(),
  }
}

function textFrom(url: string, { status, body }: KmsResponse): string {
  const text = body.toString('utf8').trim()
  body.fill(0)
  if (status === 200 && text !== '') return text
  throw new KmsUnreachable(`${url} gives no credentials: it answers ${status}`)
}

function temporaryFrom(url: string, response: KmsResponse): AwsCredentials {
  const found = temporary.safeParse(jsonIn(textFrom(url, response)))
  if (!found.success) throw new KmsUnreachable(`${url} gives credentials that cannot be read`)
  const { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: end } = found.data
  return new AwsCredentials(id, secret, token, Date.parse(end))
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const identity = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  SessionToken: z.string().min(1),
  Expiration: z.iso.datetime({ offset: true }),
})

export interface WebIdentity {
  readonly roleArn: string
  readonly sessionName: string
  /** The token of a Kubernetes service account, exchanged now and then. */
  readonly token: () => string
  /** Of STS. */
  readonly endpoint: string
}

/** A role that STS gives to whoever shows a token of an issuer it believes: service accounts of EKS. */
export function webIdentityCredentials(asked: WebIdentity): CredentialSource {
  const { roleArn, sessionName, token, endpoint } = asked
  const http = new KmsHttp(endpoint)
  return {
    name: `role ${roleArn}`,
    fetch: async (signal) => {
      const form = new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        WebIdentityToken: token(),
      })
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
      const body = Buffer.from(form.toString())
      const response = await http.send({ method: 'POST', path: '/', headers, body }, signal)
      const xml = textFrom(endpoint, response)
      // Four elements of one known answer; none of them may hold markup.
      const elementNamed = (name: string) =>
        new RegExp(`<${name}>\\s*([^<>&\\s]+)\\s*</${name}>`).exec(xml)?.[1]
      const found = identity.safeParse(
        Object.fromEntries(Object.keys(identity.shape).map((name) => [name, elementNamed(name)])),
      )
      if (!found.success)
        throw new KmsUnreachable(`${endpoint} gives credentials that cannot be read`)
      const { AccessKeyId: id, SecretAccessKey: secret, SessionToken, Expiration: end } = found.data
      return new AwsCredentials(id, secret, SessionToken, Date.parse(end))
    },
    close: () => http.close(),
  }
}

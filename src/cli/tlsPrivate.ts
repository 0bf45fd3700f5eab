import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { CertificateTrouble } from '../tls/certificateFiles.ts'
import { PemFolder } from '../tls/pemFolder.ts'
import { type KeyKind, PrivateCa } from '../tls/privateCa.ts'

export interface PrivateTlsRequest {
  readonly folder?: string
  readonly name?: readonly string[]
  readonly days: number
  readonly key: KeyKind
  readonly newKey?: boolean
}

const CA_DAYS = 3_650

/** `gatehouse tls init`: a CA of one's own and a first certificate. Nothing that is there is touched. */
export function tlsInit(settings: Settings, request: PrivateTlsRequest): Promise<string> {
  return refusing(async () => {
    const folder = folderOf(settings, request)
    const names = request.name ?? usualNames(settings)
    await folder.refuseAny(['ca.pem', 'ca.key', 'server.pem', 'server.key'])
    await folder.make()
    const { ca, issued: own } = await PrivateCa.make(`Gatehouse CA of ${hostname()}`, request.key, {
      from: new Date(),
      days: CA_DAYS,
    })
    const server = await ca.issue(serverCertificate(names, request))
    await folder.add('ca.key', own.key)
    await folder.add('ca.pem', own.certificate)
    await folder.add('server.key', server.key)
    await folder.add('server.pem', server.certificate)
    return [
      `A CA and a certificate for ${names.join(', ')} are in ${folder.path}. In the configuration:`,
      '',
      '[ssl]',
      `cert_file = ${folder.file('server.pem')}`,
      `key_file = ${folder.file('server.key')}`,
      '',
      `Clients need ${folder.file('ca.pem')}. Whoever has ca.key can pose as this service: keep it elsewhere;`,
      'only `gatehouse tls renew` and `gatehouse tls client` want it.',
    ].join('\n')
  })
}

/** `gatehouse tls renew`: the same names for so many days more; a running server takes it up by itself. */
export function tlsRenew(settings: Settings, request: PrivateTlsRequest): Promise<string> {
  return refusing(async () => {
    const folder = folderOf(settings, request)
    const ca = await caIn(folder, request.days)
    const present = new X509Certificate(await folder.read('server.pem'))
    const names = request.name ?? namesOf(present)
    const wanted = serverCertificate(names, request)
    const isKeyKept = request.newKey !== true
    const server = await ca.issue(
      isKeyKept ? { ...wanted, key: await folder.read('server.key') } : wanted,
    )
    if (!isKeyKept) await folder.replace('server.key', server.key)
    await folder.replace('server.pem', server.certificate)
    const { validTo } = new X509Certificate(server.certificate)
    return `${folder.file('server.pem')} is renewed for ${names.join(', ')}, until ${validTo}.`
  })
}

/** `gatehouse tls client NAME`: a certificate for a service that calls this one. */
export function tlsClient(
  settings: Settings,
  name: string,
  request: PrivateTlsRequest,
): Promise<string> {
  return refusing(async () => {
    if (!/^[\w.-]{1,64}$/.test(name) || ['ca', 'server'].includes(name)) {
      throw new CertificateTrouble(
        'A client has a name of 1 to 64 letters, digits, dots, dashes and underscores, and is not called ca or server.',
      )
    }
    const folder = folderOf(settings, request)
    await folder.refuseAny([`${name}.pem`, `${name}.key`])
    const ca = await caIn(folder, request.days)
    const client = await ca.issue({
      commonName: name,
      alternativeNames: [],
      usage: 'client',
      validity: { from: new Date(), days: request.days },
      kind: request.key,
    })
    await folder.add(`${name}.key`, client.key)
    await folder.add(`${name}.pem`, client.certificate)
    return [
      `${folder.file(`${name}.pem`)} and ${folder.file(`${name}.key`)} are for the client ${name}.`,
      'For the server to want such certificates:',
      '',
      '[ssl]',
      `ca_file = ${folder.file('ca.pem')}`,
      `client_names = ${name}`,
    ].join('\n')
  })
}

function folderOf(settings: Settings, { folder }: PrivateTlsRequest): PemFolder {
  return new PemFolder(folder ?? join(settings.DEFAULT.state_path, 'tls'))
}

async function caIn(folder: PemFolder, days: number): Promise<PrivateCa> {
  const certificate = await folder.read('ca.pem')
  const ca = new X509Certificate(certificate)
  if (Date.parse(ca.validTo) < Date.now() + days * 86_400_000) {
    throw new CertificateTrouble(
      `The CA in ${folder.file('ca.pem')} ends at ${ca.validTo}, before what it should issue: fewer --days, or a new CA in another folder.`,
    )
  }
  return PrivateCa.of({ certificate, key: await folder.read('ca.key') })
}

function usualNames({ DEFAULT: { bind_host: bindHost } }: Settings): readonly string[] {
  const isName = !/^(unix:|systemd(:|$)|0\.0\.0\.0$|::$)/.test(bindHost)
  return [...new Set([...(isName ? [bindHost] : []), hostname(), 'localhost', '127.0.0.1', '::1'])]
}

function serverCertificate(names: readonly string[], { days, key }: PrivateTlsRequest) {
  const [first = 'localhost'] = names
  return {
    commonName: first.slice(0, 64),
    alternativeNames: names.map((value) => ({
      type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
      value,
    })),
    usage: 'server' as const,
    validity: { from: new Date(), days },
    kind: key,
  }
}

function namesOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:DNS|IP Address):([^",\s]+)/g)].map(([, name = '']) => name)
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CertificateTrouble) throw new StartupRefusal(cause.message, { cause })
    throw cause
  }
}

import type { CertificateSettings, Settings } from '../config/settingsTable.ts'
import { systemClock } from '../lib/clock.ts'
import {
  type CertificateMaterial,
  CertificateTrouble,
  readCertificateFiles,
} from '../tls/certificateFiles.ts'
import { expiryMs, type Finding, judgeCertificate, nameOf } from '../tls/judgeCertificate.ts'
import { groupsOf } from '../tls/keyExchange.ts'
import { suitesOf } from '../tls/protocol.ts'
import { fitForServing } from '../tls/servedCertificates.ts'
import { readTicketSecret } from '../tls/ticketKeys.ts'
import { certificateOptions, protocolOf, resumesSessions } from './tlsOfSettings.ts'

export interface TlsReport {
  readonly text: string
  /** Nothing is broken, and nothing ends before so many days. */
  readonly isFine: boolean
}

const DAY_MS = 86_400_000

/** `gatehouse tls check`: what the listener would serve with these settings and files, and whether it could. */
export async function tlsCheck(settings: Settings, leastDays: number): Promise<TlsReport> {
  if (settings.certificates.length === 0) {
    return { text: 'The API speaks HTTP: there is no [ssl] cert_file.', isFine: false }
  }
  const nowMs = systemClock().epochMs()
  const reports: TlsReport[] = []
  for (const certificate of settings.certificates) {
    reports.push(await certificateReport(certificate, settings, nowMs, leastDays))
  }
  const ticketTrouble = await ticketsTrouble(settings)
  const { isTls13Only } = protocolOf(settings)
  const listener = [
    ['versions', isTls13Only ? 'TLS 1.3' : 'TLS 1.2, TLS 1.3'],
    keyExchange(settings),
    ['suites', suitesOf(protocolOf(settings)).join('\n            ')],
    ['sessions', sessions(settings)],
    ['clear text', settings.ssl.allow_clear_text ? 'taken as well, on the same port' : 'refused'],
    ...(ticketTrouble === undefined ? [] : [['BROKEN', ticketTrouble]]),
  ]
  return {
    text: [...reports.map(({ text }) => text), lines(listener)].join('\n\n'),
    isFine: reports.every(({ isFine }) => isFine) && ticketTrouble === undefined,
  }
}

async function certificateReport(
  certificate: CertificateSettings,
  settings: Settings,
  nowMs: number,
  leastDays: number,
): Promise<TlsReport> {
  const head = [
    ['certificate', certificate.name],
    ['asked for', certificate.serverNames.join(', ') || 'any other name, or none'],
    ['file', certificate.certFile],
    ['key file', certificate.keyFile],
  ]
  try {
    const material = await readCertificateFiles(certificate)
    const judged = judgeCertificate(material, { nowMs, profile: settings.ssl.profile })
    const findings = [...judged, ...openSslSays(certificate, material, settings, judged)]
    const daysLeft = Math.floor((expiryMs(material.chain) - nowMs) / DAY_MS)
    const isSoon = daysLeft < leastDays
    const text = lines([
      ...head,
      ...described(material),
      ['days left', `${daysLeft}${isSoon ? `, fewer than ${leastDays}` : ''}`],
      ['clients', clients(certificate, material)],
      ...findings.map(({ grade, what }) => [grade === 'poor' ? 'poor' : 'BROKEN', what]),
    ])
    return { text, isFine: !isSoon && findings.every(({ grade }) => grade === 'poor') }
  } catch (error) {
    if (!(error instanceof CertificateTrouble)) throw error
    return { text: lines([...head, ['BROKEN', error.message]]), isFine: false }
  }
}

/** What OpenSSL itself refuses, such as a signature that is too weak. */
function openSslSays(
  certificate: CertificateSettings,
  material: CertificateMaterial,
  settings: Settings,
  judged: readonly Finding[],
): readonly Finding[] {
  if (judged.some(({ grade }) => grade === 'broken')) return []
  try {
    fitForServing(certificateOptions(certificate), material, protocolOf(settings))
    return []
  } catch (error) {
    if (!(error instanceof CertificateTrouble)) throw error
    return [{ grade: 'broken', what: error.message }]
  }
}

function described({ chain }: CertificateMaterial): readonly (readonly string[])[] {
  const [leaf] = chain
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined) return []
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey
  const size = asymmetricKeyDetails?.namedCurve ?? `${asymmetricKeyDetails?.modulusLength} bits`
  const isSelfSigned = last.subject === last.issuer
  return [
    ['subject', nameOf(leaf)],
    ['names', leaf.subjectAltName ?? 'none'],
    ['key', `${asymmetricKeyType} ${size}`],
    ['valid', `${leaf.validFrom} to ${leaf.validTo}`],
    ...chain.slice(1).map((certificate, index) => [`chain ${index + 2}`, nameOf(certificate)]),
    [
      'trusted by',
      isSelfSigned
        ? `clients that know ${nameOf(last)} itself`
        : `clients that know ${last.issuer.replaceAll('\n', ', ')}`,
    ],
  ]
}

function clients(
  { clientCertificates, clientNames }: CertificateSettings,
  { clientCas }: CertificateMaterial,
): string {
  if (clientCertificates === 'none') return 'are asked for no certificate'
  const cas = clientCas.map(nameOf).join('; ')
  const names = clientNames.length === 0 ? 'any name' : clientNames.join(', ')
  return `certificate ${clientCertificates}, of ${cas}; ${names}`
}

function keyExchange({ ssl }: Settings): readonly string[] {
  try {
    return ['agree by', groupsOf(ssl.post_quantum).join(', ')]
  } catch (error) {
    if (error instanceof CertificateTrouble) return ['BROKEN', error.message]
    throw error
  }
}

function sessions(settings: Settings): string {
  const { ticket_lifetime: lifetime, ticket_key_file: file } = settings.ssl
  if (lifetime === 0) return 'are not resumed'
  if (!resumesSessions(settings)) return 'are not resumed, for names have client CAs of their own'
  return `are resumed for ${lifetime} s, ${file === undefined ? 'by the process that began them' : `by all who share ${file}`}`
}

async function ticketsTrouble(settings: Settings): Promise<string | undefined> {
  const { ticket_key_file: file } = settings.ssl
  if (file === undefined || !resumesSessions(settings)) return undefined
  try {
    await readTicketSecret(file)
    return undefined
  } catch (error) {
    if (error instanceof CertificateTrouble) return error.message
    throw error
  }
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.map(([label = '', value = '']) => `${label.padEnd(12)}${value}`.trimEnd()).join('\n')
}

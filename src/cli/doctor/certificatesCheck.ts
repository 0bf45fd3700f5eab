import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { CertificateSettings } from '../../config/settingsTable.ts'
import { parseDatabaseUrl } from '../../db/databaseLocation.ts'
import { CertificateTrouble, readCertificateFiles } from '../../tls/certificateFiles.ts'
import { expiryMs, judgeCertificate, nameOf } from '../../tls/judgeCertificate.ts'
import { type Check, error, type Finding, fine, type Patient, warning } from './finding.ts'
import { namedFiles } from './namedFiles.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 21
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
const RENEW =
  'Renew it; `gatehouse tls check` says more, and a running server takes it up by itself.'

/** What the API shows, and whatever else the settings name: CAs, and certificates that we show to others. */
export const certificatesCheck: Check = {
  name: 'certificates',
  async look(patient) {
    const { settings } = patient
    const findings: Finding[] = []
    for (const certificate of settings.certificates) {
      findings.push(...(await servedFindings(certificate, patient)))
    }
    for (const { label, path } of furtherFiles(patient)) {
      findings.push(...(await fileFindings(label, path, patient.clock.epochMs())))
    }
    return findings.length > 0 ? findings : [fine('none is configured: the API speaks HTTP')]
  },
}

async function servedFindings(
  certificate: CertificateSettings,
  { settings, clock }: Patient,
): Promise<readonly Finding[]> {
  const where = `[ssl] ${certificate.certFile}`
  try {
    const material = await readCertificateFiles(certificate)
    const nowMs = clock.epochMs()
    const judged = judgeCertificate(material, { nowMs, profile: settings.ssl.profile })
    return [
      ...judged.map(({ grade, what }) =>
        grade === 'poor' ? warning(`${where}: ${what}`, RENEW) : error(`${where}: ${what}`, RENEW),
      ),
      ...(judged.some(({ grade }) => grade !== 'poor')
        ? []
        : [daysLeft(where, expiryMs(material.chain), nowMs)]),
    ]
  } catch (cause) {
    if (!(cause instanceof CertificateTrouble)) throw cause
    return [error(`${where}: ${cause.message}`, 'Correct the file or the option; docs/tls.md.')]
  }
}

function furtherFiles({ loaded, settings }: Patient) {
  const location = parseDatabaseUrl(settings.database.connection)
  const tls = location.kind === 'sqlite' ? undefined : location.tls
  const database = [tls?.caFile, tls?.certFile].flatMap((path) =>
    path === undefined ? [] : [{ label: '[database] connection', path }],
  )
  const ofOthers = namedFiles(loaded).filter(({ section }) => !/^ssl(:|$)/.test(section))
  return [...database, ...ofOthers]
}

async function fileFindings(
  label: string,
  path: string,
  nowMs: number,
): Promise<readonly Finding[]> {
  const text = await readFile(path, 'latin1').catch(() => '')
  const findings: Finding[] = []
  for (const [pem] of text.matchAll(PEM)) {
    try {
      const certificate = new X509Certificate(pem)
      const where = `${label} ${path}: ${nameOf(certificate)}`
      findings.push(daysLeft(where, Date.parse(certificate.validTo), nowMs))
    } catch {
      findings.push(
        warning(
          `${label} ${path} holds a certificate that cannot be read.`,
          'Write it anew, as PEM.',
        ),
      )
    }
  }
  return bundleOf(label, path, findings)
}

/** Of a bundle with a hundred CAs only what is wrong is of interest. */
function bundleOf(label: string, path: string, findings: readonly Finding[]): readonly Finding[] {
  const odd = findings.filter(({ grade }) => grade !== 'fine')
  if (findings.length <= 3 || odd.length > 0) return odd.length > 0 ? odd : findings
  return [fine(`${label} ${path}: ${findings.length} certificates are valid`)]
}

function daysLeft(where: string, endMs: number, nowMs: number): Finding {
  const days = Math.floor((endMs - nowMs) / DAY_MS)
  if (days < 0) return error(`${where} ended ${-days} days ago.`, RENEW)
  const what = `${where} is valid for ${days} more days`
  return days < SOON_DAYS ? warning(`${what}.`, RENEW) : fine(what)
}

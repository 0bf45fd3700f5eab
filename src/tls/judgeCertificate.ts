import type { X509Certificate } from 'node:crypto'
import type { CertificateMaterial } from './certificateFiles.ts'

/**
 * `broken`: it must not be served. `outdated`: its time has not come or is over, so it replaces no other; a start
 * goes on with it, for there are clients that do not look. `poor`: some clients will not like it.
 */
export interface Finding {
  readonly grade: 'broken' | 'outdated' | 'poor'
  readonly what: string
}

interface Circumstances {
  readonly nowMs: number
  readonly profile: 'default' | 'strict'
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']
const LEAST_RSA_BITS = 2048

/** What can be told of a certificate, its chain and its key without asking anybody. */
export function judgeCertificate(
  material: CertificateMaterial,
  { nowMs, profile }: Circumstances,
): readonly Finding[] {
  const [leaf, ...issuers] = material.chain
  if (leaf === undefined) return [broken('there is no certificate')]
  const findings: Finding[] = []
  if (!leaf.checkPrivateKey(material.key))
    findings.push(broken('the key is not that of the certificate'))
  findings.push(...judgeKey(leaf, profile), ...judgeChain([leaf, ...issuers]))
  for (const [index, certificate] of material.chain.entries()) {
    findings.push(...judgeDates(certificate, index, nowMs))
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(SERVER_AUTH)) {
    findings.push(broken('the certificate is not for servers (extended key usage)'))
  }
  if (leaf.ca) findings.push(poor('the certificate is that of a CA'))
  if (leaf.subjectAltName === undefined) {
    findings.push(
      poor('the certificate has no subject alternative name; clients do not look at its subject'),
    )
  }
  if (material.isKeyOpen) findings.push(poor('every user of this machine may read the key file'))
  for (const ca of material.clientCas) {
    if (!ca.ca) findings.push(broken(`${nameOf(ca)} in ca_file is no CA`))
    if (isOver(ca, nowMs)) findings.push(poor(`${nameOf(ca)} in ca_file expired at ${ca.validTo}`))
  }
  return findings
}

function judgeKey(leaf: X509Certificate, profile: Circumstances['profile']): readonly Finding[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey
  if (type === 'ec') {
    const curve = details?.namedCurve ?? 'an unnamed curve'
    return CURVES.includes(curve)
      ? []
      : [broken(`the key is on ${curve}; P-256, P-384 and P-521 are taken`)]
  }
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0
    if (bits < LEAST_RSA_BITS)
      return [broken(`the RSA key has ${bits} bits; ${LEAST_RSA_BITS} are the least`)]
    return profile === 'strict'
      ? [poor('the key is RSA, so under profile strict clients of TLS 1.2 find no suite')]
      : []
  }
  return [broken(`the key is of type ${type}; EC and RSA are taken`)]
}

/** Each certificate is to be issued by the next one (RFC 5246 section 7.4.2; what comes after the last, clients have). */
function judgeChain(chain: readonly X509Certificate[]): readonly Finding[] {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1]
    if (issuer === undefined) break
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      return [
        broken(
          `the chain is out of order: certificate ${index + 2} (${nameOf(issuer)}) did not issue certificate ${index + 1}`,
        ),
      ]
    }
    if (!issuer.ca) return [broken(`certificate ${index + 2} of the chain is no CA`)]
  }
  return []
}

function judgeDates(
  certificate: X509Certificate,
  index: number,
  nowMs: number,
): readonly Finding[] {
  const which = index === 0 ? 'the certificate' : `certificate ${index + 1} of the chain`
  if (isOver(certificate, nowMs)) return [outdated(`${which} expired at ${certificate.validTo}`)]
  if (Date.parse(certificate.validFrom) > nowMs) {
    return [outdated(`${which} is not valid before ${certificate.validFrom}`)]
  }
  return []
}

/** The end of whichever certificate of the chain ends first. */
export function expiryMs(chain: readonly X509Certificate[]): number {
  return Math.min(...chain.map(({ validTo }) => Date.parse(validTo)))
}

function isOver({ validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validTo) <= nowMs
}

/** For people to read, on one line. */
export function nameOf({ subject, subjectAltName }: X509Certificate): string {
  return (subject || subjectAltName || 'without a name').replaceAll('\n', ', ')
}

function broken(what: string): Finding {
  return { grade: 'broken', what }
}

function outdated(what: string): Finding {
  return { grade: 'outdated', what }
}

function poor(what: string): Finding {
  return { grade: 'poor', what }
}

import { createHash, type X509Certificate } from 'node:crypto'
import type { CertificateLink } from '../model/certificateFacts.ts'
import { type DerElement, elements } from './der.ts'

const CONTEXT_0 = 0xa0
const CONTEXT_3 = 0xa3
const KEY_IDENTIFIER = 0x80
/** Object identifiers 2.5.29.14 and 2.5.29.35 (RFC 5280 sections 4.2.1.1 and 4.2.1.2). */
const SUBJECT_KEY = Buffer.from('0603551d0e', 'hex')
const AUTHORITY_KEY = Buffer.from('0603551d23', 'hex')

/**
 * The names of a certificate and its key identifiers, which node:crypto shows as text at best: of the bytes
 * themselves the digests are the same on every release of Node. OpenSSL has parsed them before.
 */
export function certificateLink(certificate: X509Certificate): CertificateLink {
  const [outer] = elements(certificate.raw)
  const [tbs] = elements(outer?.content)
  const fields = elements(tbs?.content).filter(({ tag }) => tag !== CONTEXT_0)
  // serialNumber, signature, issuer, validity, subject
  const [, , issuer, , subject] = fields
  const [extensions] = elements(fields.find(({ tag }) => tag === CONTEXT_3)?.content)
  const [subjectKey] = elements(extensionValue(extensions, SUBJECT_KEY))
  const [authorityKey] = elements(extensionValue(extensions, AUTHORITY_KEY))
  const issuerKey = elements(authorityKey?.content).find(({ tag }) => tag === KEY_IDENTIFIER)
  return {
    subject: digestOf(subject),
    issuer: digestOf(issuer),
    subjectKey: subjectKey === undefined ? null : digestOf(subjectKey.content),
    issuerKey: issuerKey === undefined ? null : digestOf(issuerKey.content),
  }
}

/** What an extension holds: the last of its identifier, whether it is critical, and this. */
function extensionValue(extensions: DerElement | undefined, oid: Buffer): Buffer | undefined {
  for (const { content } of elements(extensions?.content)) {
    if (content.subarray(0, oid.length).equals(oid)) return elements(content).at(-1)?.content
  }
  return undefined
}

function digestOf(part: DerElement | Buffer | undefined): string {
  const bytes = part === undefined || Buffer.isBuffer(part) ? part : part.whole
  return createHash('sha256')
    .update(bytes ?? Buffer.alloc(0))
    .digest('hex')
}

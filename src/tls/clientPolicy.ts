import type { X509Certificate } from 'node:crypto'

export interface ClientPolicy {
  readonly certificates: 'none' | 'optional' | 'required'
  /** Subject CN, DNS name or URI; empty: every certificate of the CAs. */
  readonly names: readonly string[]
}

/** A client as TLS knows it. */
export interface ShownCertificate {
  /** Undefined: it showed none. */
  readonly certificate: X509Certificate | undefined
  /** Did it lead to one of the CAs, and is it valid now? */
  readonly isVerified: boolean
}

/** @returns why a client is not let in; undefined when it is */
export function refusalOfClient(
  policy: ClientPolicy,
  { certificate, isVerified }: ShownCertificate,
): 'no certificate' | 'not verified' | 'name not allowed' | undefined {
  if (policy.certificates === 'none') return undefined
  if (certificate === undefined) {
    return policy.certificates === 'required' ? 'no certificate' : undefined
  }
  if (!isVerified) return 'not verified'
  if (policy.names.length === 0) return undefined
  const names = namesOfClient(certificate)
  return policy.names.some((allowed) => names.includes(allowed)) ? undefined : 'name not allowed'
}

/** Common names of the subject, DNS names, URIs. */
export function namesOfClient(certificate: X509Certificate): readonly string[] {
  const { subject } = certificate.toLegacyObject()
  const common: unknown = subject?.CN
  const commonNames = Array.isArray(common) ? common.map(String) : [common]
  return [
    ...commonNames.filter((name) => typeof name === 'string'),
    ...alternativeNames(certificate.subjectAltName ?? ''),
  ]
}

/** Node quotes a name that could be taken for two. */
const ALTERNATIVE = /(?:^|, )(DNS|URI):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/g

function alternativeNames(text: string): readonly string[] {
  return [...text.matchAll(ALTERNATIVE)].map(([, , name = '']) =>
    name.startsWith('"') ? String(JSON.parse(name)) : name,
  )
}

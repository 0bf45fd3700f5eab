import type { CertificateSettings, Settings } from '../config/settingsTable.ts'
import type { TlsProtocol } from '../tls/protocol.ts'
import type { CertificateOptions } from '../tls/servedCertificates.ts'

export function certificateOptions(settings: CertificateSettings): CertificateOptions {
  const { clientCertificates, clientNames, ...files } = settings
  return { ...files, clients: { certificates: clientCertificates, names: clientNames } }
}

export function protocolOf({ ssl }: Settings): TlsProtocol {
  const postQuantum = ssl.post_quantum
  return {
    profile: ssl.profile,
    ciphers: ssl.ciphers,
    // The hybrid key exchange is one of TLS 1.3.
    isTls13Only: ssl.version === 'tlsv1_3' || postQuantum === 'require',
    postQuantum,
  }
}

/**
 * A resumed session says who the client was, and not which name it had asked for. Where names have client CAs
 * of their own, one who is let in at the one could so slip in at the other.
 */
export function resumesSessions({ ssl, certificates }: Settings): boolean {
  const [first, ...others] = certificates
  return ssl.ticket_lifetime > 0 && others.every(({ caFile }) => caFile === first?.caFile)
}

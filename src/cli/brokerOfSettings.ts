import type { Settings } from '../config/settingsTable.ts'
import type { Transport } from '../config/transportUrl.ts'
import { machineCertificates, readPem } from '../lib/pemFile.ts'
import type { BrokerTls } from '../messaging/brokerConnection.ts'

/** An option of [oslo_messaging_rabbit] may stand in the address instead, as OpenStack-Ansible writes it. */
export function isTrue({ options }: Transport, name: string): boolean | undefined {
  const given = options.get(name)
  return given === undefined ? undefined : /^(1|true|yes|on)$/i.test(given.trim())
}

/** undefined: in clear; else what reads the files anew each time. @throws StartupRefusal when one cannot be read */
export function brokerTls(settings: Settings, transport: Transport): (() => BrokerTls) | undefined {
  const rabbit = settings.oslo_messaging_rabbit
  if (!(isTrue(transport, 'ssl') ?? rabbit.ssl)) return undefined
  const file = (option: 'ssl_ca_file' | 'ssl_cert_file' | 'ssl_key_file') =>
    pemAt(option, transport.options.get(option) || rabbit[option])
  const read = (): BrokerTls => {
    // Without one, a certificate must chain to what this machine trusts: TLS is not merely for show.
    const ca = file('ssl_ca_file') ?? machineCertificates().join('\n')
    const [cert, key] = [file('ssl_cert_file'), file('ssl_key_file')]
    return cert === undefined || key === undefined ? { ca } : { ca, cert, key }
  }
  // A file that is missing now is a mistake; later it is being renewed.
  read()
  return read
}

function pemAt(option: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : readPem('oslo_messaging_rabbit', option, path)
}

import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import type { Settings } from '../config/settingsTable.ts'
import type { Transport } from '../config/transportUrl.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
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
    readPem(option, transport.options.get(option) || rabbit[option])
  const read = (): BrokerTls => {
    // Without one, a certificate must chain to what this machine trusts: TLS is not merely for show.
    const ca = file('ssl_ca_file') ?? machineCertificates()
    const [cert, key] = [file('ssl_cert_file'), file('ssl_key_file')]
    return cert === undefined || key === undefined ? { ca } : { ca, cert, key }
  }
  // A file that is missing now is a mistake; later it is being renewed.
  read()
  return read
}

function machineCertificates(): string {
  return [...getCACertificates('default'), ...getCACertificates('system')].join('\n')
}

function readPem(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StartupRefusal(`[oslo_messaging_rabbit] ${option} cannot be read: ${path}`, { cause })
  }
}

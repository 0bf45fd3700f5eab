import { sslNameSection } from './sections/ssl.ts'
import type { Mistake } from './settingsMistake.ts'
import type { SettingsResolver } from './settingsResolver.ts'
import type { CertificateSettings, Sections } from './settingsTable.ts'

interface Certificates {
  readonly certificates: readonly CertificateSettings[]
  readonly mistakes: readonly Mistake[]
}

/** The certificate of [ssl] and those of every [ssl:NAME] that somebody wrote. */
export function resolveCertificates(sections: Sections, resolver: SettingsResolver): Certificates {
  const { ssl } = sections
  const named = resolver
    .sectionsBehind('ssl')
    .map((section) => ({ section, own: resolver.section(section, sslNameSection) }))
    .filter(({ own }) =>
      Object.values(own).some((value) => value !== undefined && value.length > 0),
    )
  const mistakes: Mistake[] = []
  const complain = (section: string, option: string, what: string): void => {
    if (resolver.isBroken(section, option)) return
    const origin = resolver.originOf(section, option)
    const where = origin.kind === 'given' ? origin.where : 'settings'
    mistakes.push({ where, what: `[${section}] ${option} ${what}` })
  }
  const certificates: CertificateSettings[] = []
  const add = (section: string, settings: Incomplete): void => {
    for (const [option, what] of wrongOptions(settings)) complain(section, option, what)
    const { certFile, keyFile } = settings
    if (certFile === undefined || keyFile === undefined) return
    certificates.push({ ...settings, certFile, keyFile })
  }
  if (ssl.cert_file !== undefined || ssl.key_file !== undefined || named.length > 0) {
    add('ssl', {
      name: 'default',
      serverNames: [],
      certFile: ssl.cert_file,
      keyFile: ssl.key_file,
      caFile: ssl.ca_file,
      clientCertificates: ssl.client_certificates,
      clientNames: ssl.client_names,
    })
  } else if (ssl.allow_clear_text) {
    complain(
      'ssl',
      'allow_clear_text',
      'is true, and there is no cert_file: clear text is all there is',
    )
  }
  const seen = new Map<string, string>()
  for (const { section, own } of named) {
    const hasOwnCa = own.ca_file !== undefined
    add(section, {
      name: section.slice('ssl:'.length),
      serverNames: own.server_names,
      certFile: own.cert_file,
      keyFile: own.key_file,
      caFile: own.ca_file ?? ssl.ca_file,
      clientCertificates:
        own.client_certificates ?? (hasOwnCa ? 'required' : ssl.client_certificates),
      clientNames: own.client_names ?? (hasOwnCa ? [] : ssl.client_names),
    })
    if (own.server_names.length === 0) {
      complain(section, 'server_names', 'is missing: list the names that clients ask for')
    }
    for (const name of own.server_names) {
      const other = seen.get(name)
      if (other !== undefined)
        complain(section, 'server_names', `has ${name}, and so has [${other}]`)
      seen.set(name, section)
    }
  }
  return { certificates, mistakes }
}

interface Incomplete extends Omit<CertificateSettings, 'certFile' | 'keyFile'> {
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/** Pairs of option and what is wrong with it. */
function wrongOptions(settings: Incomplete): readonly (readonly [option: string, what: string])[] {
  const { certFile, keyFile, caFile, clientCertificates, clientNames } = settings
  return [
    ...(certFile === undefined ? [['cert_file', 'is missing'] as const] : []),
    ...(keyFile === undefined ? [['key_file', 'is missing'] as const] : []),
    ...(clientCertificates !== 'none' && caFile === undefined
      ? [['client_certificates', `is ${clientCertificates}, which needs ca_file`] as const]
      : []),
    ...(clientNames.length > 0 && clientCertificates === 'none'
      ? [
          [
            'client_names',
            'is given, and client_certificates is none: nobody would be asked',
          ] as const,
        ]
      : []),
  ]
}

import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { KeptKekStore } from '../crypto/kek/keptKekStore.ts'
import { KMIP_VERSIONS } from '../crypto/kek/kmip/kmipNames.ts'
import { openKmip } from '../crypto/kek/kmip/openKmip.ts'
import { knownKeks } from '../crypto/kek/knownKeks.ts'
import { followedTlsFiles, readSecretLine } from '../crypto/kek/tlsFiles.ts'
import type { AroundStore } from './aroundStore.ts'
import { EXIT_CODES } from './exitCodes.ts'

type KmipSettings = Extract<KekStoreSettings, { readonly kind: 'kmip' }>

/** [kmip] as the store takes it. @throws StartupRefusal */
export async function openKmipOfSettings(
  { name, options }: KmipSettings,
  { deployment }: AroundStore,
): Promise<KeptKekStore> {
  const { host, port, username } = options
  return await openKmip({
    name,
    place: {
      host,
      port,
      tls: followedTlsFiles(name, {
        caFile: options.ca_certs,
        certFile: options.certfile,
        keyFile: options.keyfile,
      }),
    },
    credential:
      username === undefined ? undefined : { username, password: passwordOf(name, options) },
    connections: options.connections,
    keyName: options.key_name,
    formerKeyNames: options.former_key_names,
    known: knownKeks(name, deployment?.canaries),
    wrapping: options.wrapping,
    versions: KMIP_VERSIONS.filter(({ name: spoken }) => isWanted(options.protocol, spoken)),
    awayExitCode: EXIT_CODES.kekStoreAway.code,
  })
}

function isWanted(protocol: string, version: string): boolean {
  return protocol === 'auto' || protocol === version
}

function passwordOf(
  name: string,
  { password, password_file: file }: KmipSettings['options'],
): string {
  return file === undefined ? (password ?? '') : readSecretLine(name, 'password', file)
}

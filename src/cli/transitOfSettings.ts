import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import { knownKeks } from '../crypto/kek/knownKeks.ts'
import { followedTlsFiles, readSecretLine } from '../crypto/kek/tlsFiles.ts'
import { openTransit } from '../crypto/kek/transit/openTransit.ts'
import type { TransitKekStore } from '../crypto/kek/transit/transitKekStore.ts'
import type { VaultLogin } from '../crypto/kek/transit/vaultSession.ts'
import type { AroundStore } from './aroundStore.ts'
import { EXIT_CODES } from './exitCodes.ts'

type TransitSettings = Extract<KekStoreSettings, { readonly kind: 'transit' }>

/** [transit] as the store takes it. @throws StartupRefusal */
export async function openTransitOfSettings(
  settings: TransitSettings,
  { deployment, clock }: AroundStore,
): Promise<TransitKekStore> {
  const { name, options } = settings
  return await openTransit({
    name,
    place: {
      url: options.vault_url,
      tls: followedTlsFiles(name, {
        caFile: options.ssl_ca_crt_file,
        certFile: options.certfile,
        keyFile: options.keyfile,
      }),
      namespace: options.namespace,
    },
    login: loginOf(settings),
    mount: options.transit_mountpoint,
    keyName: options.key_name,
    known: knownKeks(name, deployment?.canaries),
    clock,
    awayExitCode: EXIT_CODES.kekStoreAway.code,
  })
}

function loginOf({ name, options }: TransitSettings): VaultLogin {
  const { approle_role_id: roleId, kubernetes_role: role, token_file: tokenFile } = options
  if (roleId !== undefined) {
    const { approle_secret_id: secretId, approle_secret_id_file: file } = options
    return {
      method: 'approle',
      mount: options.approle_mountpoint,
      roleId,
      secretId: () => (file === undefined ? secretId : readSecretLine(name, 'secret id', file)),
    }
  }
  if (role !== undefined) {
    const { kubernetes_token_file: file } = options
    return {
      method: 'kubernetes',
      mount: options.kubernetes_mountpoint,
      role,
      jwt: () => readSecretLine(name, 'token of the service account', file),
    }
  }
  const { root_token_id: token } = options
  return {
    method: 'token',
    token: () =>
      tokenFile === undefined ? (token ?? '') : readSecretLine(name, 'token', tokenFile),
  }
}

import { join } from 'node:path'
import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Pkcs11Options } from '../config/pkcs11Checks.ts'
import { knownKeks } from '../crypto/kek/knownKeks.ts'
import type { Pkcs11Request } from '../crypto/kek/pkcs11/openPkcs11.ts'
import { readPrivateFile } from '../crypto/kek/privateFile.ts'
import type { SecretReader } from '../crypto/kek/protection.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { AroundStore } from './aroundStore.ts'
import { EXIT_CODES } from './exitCodes.ts'

export type Pkcs11Settings = Extract<KekStoreSettings, { readonly kind: 'pkcs11' }>

/** [pkcs11] as the store takes it. The PIN is read when it is needed, each time. */
export function pkcs11Request(
  { name, options }: Pkcs11Settings,
  { deployment, clock }: Pick<AroundStore, 'deployment' | 'clock'>,
): Pkcs11Request {
  return {
    name,
    addon: options.addon,
    libraryPath: options.library_path ?? '',
    token: {
      serial: options.token_serial_number,
      labels: options.token_labels,
      slotId: options.slot_id,
    },
    labels: [options.mkek_label ?? '', ...options.decrypt_labels],
    known: knownKeks(name, deployment?.canaries),
    mechanism:
      options.key_wrap_mechanism === 'CKM_AES_CBC_PAD' ? 'auto' : options.key_wrap_mechanism,
    maxSessions: options.max_sessions,
    isReadWrite: options.rw_session,
    environment: environmentOf(options),
    readPin: pinOf(options),
    timeoutMs: options.timeout * 1000,
    patienceMs: options.start_timeout * 1000,
    clock,
    awayExitCode: EXIT_CODES.kekStoreAway.code,
  }
}

export function environmentOf({
  library_environment: variables,
}: Pick<Pkcs11Options, 'library_environment'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    variables.map((variable) => {
      const at = variable.indexOf('=')
      return [variable.slice(0, at), variable.slice(at + 1)]
    }),
  )
}

function pinOf({
  login,
  login_file: file,
  login_credential: credential,
  credentials_directory: folder,
}: Pkcs11Options): SecretReader {
  const path = credential === undefined ? file : join(folder ?? '', credential)
  if (path === undefined) return () => Buffer.from(login ?? '')
  return async () => {
    const pin = await readPrivateFile(path)
    if (pin !== undefined) return pin
    throw new StartupRefusal(`There is no PIN at ${path}.`, { exitCode: EXIT_CODES.keys.code })
  }
}

import { besideConfig } from '../paths.ts'
import { derivedOptionalSetting, derivedSetting, optionalSetting, setting } from '../setting.ts'
import { list, manyLists, matching, seconds, text, truth, whole } from '../valueKinds.ts'

/** What libraries of HSMs look for: they are handed on when they are set. */
const KNOWN_VARIABLES = [
  'SOFTHSM2_CONF',
  'ChrystokiConfigurationPath',
  'NFAST_HOME',
  'NFAST_SERVER',
  'CKNFAST_LOADSHARING',
  'CKNFAST_OVERRIDE_SECURITY_ASSURANCES',
  'CS_PKCS11_R3_CFG',
  'CS_PKCS11_R2_CFG',
  'YUBIHSM_PKCS11_CONF',
  'LD_LIBRARY_PATH',
]

const mechanism = matching(
  'auto, CKM_AES_GCM, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, or the number of a vendor for AES-KWP such as 0x80000171',
  /^(auto|CKM_AES_GCM|CKM_AES_KEY_WRAP_KWP|CKM_AES_KEY_WRAP_PAD|CKM_AES_CBC_PAD|0x[0-9a-fA-F]{1,8})$/,
)

/** [pkcs11:NAME]: a token, or a label in it, of its own. */
export const furtherPkcs11Section = {
  library_path: optionalSetting({
    explanation: "The PKCS#11 library of the HSM's vendor.",
    kind: text,
  }),
  token_serial_number: optionalSetting({
    explanation: 'The token, by its serial number.',
    kind: text,
  }),
  token_labels: setting({
    explanation:
      'The token, by its label, where no serial number is given: the first of these that is there.',
    kind: list,
    default: [],
  }),
  slot_id: optionalSetting({
    explanation:
      'The token, by its slot, where neither is given. With none of the three there must be exactly one token.',
    kind: whole(0),
  }),
  login: optionalSetting({
    explanation: 'The PIN of the token. Better in a file of its own.',
    kind: text,
    secret: 'whole',
  }),
  login_file: optionalSetting({
    explanation: 'The file that holds the PIN, mode 0600 or stricter, instead of `login`.',
    kind: text,
    settle: besideConfig,
  }),
  login_credential: optionalSetting({
    explanation: 'The name of the systemd credential (LoadCredentialEncrypted=) that is the PIN.',
    kind: text,
  }),
  credentials_directory: derivedOptionalSetting({
    explanation: 'The folder systemd puts credentials in.',
    kind: text,
    describes: '$CREDENTIALS_DIRECTORY',
    derive: ({ place }) => place.credentialsDirectory,
  }),
  mkek_label: optionalSetting({
    explanation:
      'The label of the AES key in the token that wraps project keys: the KEK. Where it follows another one, from `gatehouse kek promote` on. SIGHUP reads it again.',
    kind: text,
  }),
  mkek_length: setting({
    explanation: 'Bytes of that key; 32 is what there is.',
    kind: whole(1, 64),
    default: 32,
  }),
  decrypt_labels: setting({
    explanation:
      'Labels of further KEKs, which open what they wrapped: those before a change of mkek_label. SIGHUP reads them again.',
    kind: list,
    default: [],
  }),
  key_wrap_mechanism: setting({
    explanation:
      'How the token wraps project keys. `auto`: AES-GCM where token and KEK have it, else AES-KWP. What was wrapped one way opens after a change to the other. ' +
      "Barbican's CKM_AES_CBC_PAD, which does not notice a changed bit, counts as auto.",
    kind: mechanism,
    default: 'auto',
  }),
  rw_session: setting({
    explanation: 'Open sessions that may also write; some HSMs know no others.',
    kind: truth,
    default: true,
  }),
  max_sessions: setting({
    explanation: 'The most sessions of one Gatehouse process, each for one call at a time.',
    kind: whole(1, 64),
    default: 4,
  }),
  timeout: setting({
    explanation:
      'After how long a call of the HSM is given up, and with it the process that made it. Whoever waits for a project key waits ten seconds at most, a second try included.',
    kind: seconds(1, 10),
    default: 5,
  }),
  start_timeout: setting({
    explanation: 'How long a start waits for a token that is not there.',
    kind: seconds(0, 3_600),
    default: 60,
  }),
  addon: setting({
    explanation:
      'Where the Node addon pkcs11js is, which is compiled where it is wanted: its folder, or its name when it was installed beside Gatehouse.',
    kind: matching('pkcs11js, or an absolute path', /^(pkcs11js|\/.+)$/),
    default: 'pkcs11js',
  }),
  library_environment: derivedSetting({
    explanation:
      'All of the environment that the library sees, as NAME=VALUE; variables that Gatehouse itself has are not handed on.',
    kind: manyLists,
    describes: `those of ${KNOWN_VARIABLES.join(', ')} that are set`,
    derive: ({ place }) =>
      KNOWN_VARIABLES.flatMap((name) => {
        const value = place.variable?.(name)
        return value === undefined ? [] : [`${name}=${value}`]
      }),
  }),
  plugin_name: setting({
    explanation: 'What a secret store with an HSM is called when its section says no `name`.',
    kind: text,
    default: 'PKCS11 HSM',
  }),
}

/** Barbican has most of them in [p11_crypto_plugin], where they are read as well. */
const BARBICANS = [
  'library_path',
  'token_serial_number',
  'token_labels',
  'slot_id',
  'login',
  'mkek_label',
  'mkek_length',
  'key_wrap_mechanism',
  'rw_session',
  'plugin_name',
] as const satisfies readonly (keyof typeof furtherPkcs11Section)[]

/** KEKs in an HSM. */
export const pkcs11Section: typeof furtherPkcs11Section = {
  ...furtherPkcs11Section,
  ...Object.fromEntries(
    BARBICANS.map((name) => [
      name,
      { ...furtherPkcs11Section[name], oldNames: [`p11_crypto_plugin.${name}`] },
    ]),
  ),
}

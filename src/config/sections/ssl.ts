import { besideConfig } from '../paths.ts'
import { derivedSetting, optionalSetting, setting } from '../setting.ts'
import { list, oneOf, seconds, text, truth } from '../valueKinds.ts'
import { cipherList, serverNames } from './transportKinds.ts'

const CLIENT_CERTIFICATES = ['none', 'optional', 'required'] as const

const CLIENT_CERTIFICATES_EXPLAINED =
  '`required`: who shows no certificate of ca_file is cut off. `optional`: who shows one must show a good one. ' +
  '`none`: nobody is asked.'

const CLIENT_NAMES_EXPLAINED =
  'Which client certificates are let in, by subject CN, DNS name or URI; several are alternatives. Empty: all that ca_file vouches for.'

/** TLS of the API's listener; the first five names are oslo.service's. */
export const sslSection = {
  cert_file: optionalSetting({
    explanation:
      'The certificate of the API, PEM, followed by its intermediates. With it the API speaks HTTPS. A changed file is taken up within seconds.',
    kind: text,
    settle: besideConfig,
    oldNames: ['DEFAULT.cert_file'],
  }),
  key_file: optionalSetting({
    explanation: 'Its private key, PEM, not encrypted. EC or RSA (2048 bits or more).',
    kind: text,
    settle: besideConfig,
    oldNames: ['DEFAULT.key_file'],
  }),
  ca_file: optionalSetting({
    explanation: 'The CAs that client certificates are checked against, PEM.',
    kind: text,
    settle: besideConfig,
    oldNames: ['DEFAULT.ca_file'],
  }),
  version: optionalSetting({
    explanation:
      'The lowest version of TLS. Unset, `sslv23` and `tlsv1_2`: 1.2 and 1.3. `tlsv1_3`: 1.3 alone. There is nothing below 1.2.',
    kind: oneOf('sslv23', 'tlsv1_2', 'tlsv1_3'),
  }),
  ciphers: optionalSetting({
    explanation:
      'Suites of TLS 1.2 by their OpenSSL names, separated by colons, instead of those of the profile. ' +
      'Only ECDHE with AEAD is taken, and no expressions such as HIGH.',
    kind: cipherList,
  }),
  profile: setting({
    explanation:
      '`default`: TLS 1.3, and 1.2 with ECDHE and AEAD. `strict`: of TLS 1.2 only ECDHE-ECDSA-AES256-GCM-SHA384, which wants an EC certificate.',
    kind: oneOf('default', 'strict'),
    default: 'default',
  }),
  post_quantum: setting({
    explanation:
      'Key exchange that a quantum computer would not undo either (X25519MLKEM768, of TLS 1.3). `prefer`: with every client that knows it, where this Node has it (from OpenSSL 3.5). ' +
      '`require`: with nobody else. `off`: not offered.',
    kind: oneOf('prefer', 'require', 'off'),
    default: 'prefer',
  }),
  client_certificates: derivedSetting({
    explanation: CLIENT_CERTIFICATES_EXPLAINED,
    kind: oneOf(...CLIENT_CERTIFICATES),
    describes: 'required when ca_file is given, else none',
    derive: (given) =>
      (given.text('ssl', 'ca_file') ?? '').trim() === ''
        ? ('none' as const)
        : ('required' as const),
  }),
  client_names: setting({ explanation: CLIENT_NAMES_EXPLAINED, kind: list, default: [] }),
  ticket_key_file: optionalSetting({
    explanation:
      'A secret of 32 bytes or more, mode 0600, the same on every node and process: sessions are then resumed wherever a client arrives. ' +
      'Unset: each process draws its own.',
    kind: text,
    settle: besideConfig,
  }),
  ticket_lifetime: setting({
    explanation:
      'How long a session can be resumed at the most; the key of tickets changes as often. 0: no session is resumed.',
    kind: seconds(0, 86_400),
    default: 3600,
  }),
  allow_clear_text: setting({
    explanation:
      'For the time of an upgrade: the same port takes HTTP as well. Log and metrics tell who still uses it.',
    kind: truth,
    default: false,
  }),
}

/** [ssl:NAME]: another certificate, for those who ask for one of its names. */
export const sslNameSection = {
  server_names: setting({
    explanation:
      'The names clients ask for (SNI) to get this certificate, such as `kms.internal,*.cloud.internal`.',
    kind: serverNames,
    default: [],
  }),
  cert_file: optionalSetting({
    explanation: 'As [ssl] cert_file.',
    kind: text,
    settle: besideConfig,
  }),
  key_file: optionalSetting({
    explanation: 'As [ssl] key_file.',
    kind: text,
    settle: besideConfig,
  }),
  ca_file: optionalSetting({
    explanation:
      'Client CAs of those who ask for these names. Unset: those of [ssl]. Sessions are then not resumed anywhere on this listener.',
    kind: text,
    settle: besideConfig,
  }),
  client_certificates: optionalSetting({
    explanation: `${CLIENT_CERTIFICATES_EXPLAINED} Unset: required with a ca_file of its own, else as [ssl].`,
    kind: oneOf(...CLIENT_CERTIFICATES),
  }),
  client_names: optionalSetting({
    explanation: `${CLIENT_NAMES_EXPLAINED} Unset: as [ssl], unless it has a ca_file of its own.`,
    kind: list,
  }),
}

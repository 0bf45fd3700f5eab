import { besideConfig } from '../paths.ts'
import { optionalSetting, setting } from '../setting.ts'
import { host, list, oneOf, text, whole } from '../valueKinds.ts'

/** KEKs at a KMIP server, in Barbican's words ([kmip_plugin]) where it has them. */
export const kmipSection = {
  host: setting({
    explanation: 'The KMIP server.',
    kind: host,
    default: 'localhost',
  }),
  port: setting({ explanation: 'Its port.', kind: whole(1, 65_535), default: 5696 }),
  ca_certs: optionalSetting({
    explanation:
      "Whom to believe that it is the server: CA certificates as PEM. Left out: Node's and the machine's.",
    kind: text,
    settle: besideConfig,
  }),
  certfile: optionalSetting({
    explanation: 'The certificate we show, as PEM: KMIP servers know their clients by it.',
    kind: text,
    settle: besideConfig,
  }),
  keyfile: optionalSetting({
    explanation: 'Its key. Left out: certfile holds it too.',
    kind: text,
    settle: besideConfig,
  }),
  username: optionalSetting({
    explanation: 'Sent with each request, for servers that want a name and a password as well.',
    kind: text,
  }),
  password: optionalSetting({
    explanation: 'Its password.',
    kind: text,
    secret: 'whole',
  }),
  password_file: optionalSetting({
    explanation: 'A file whose first line is that password, instead of `password`.',
    kind: text,
    settle: besideConfig,
  }),
  key_name: setting({
    explanation:
      'The KEK that wraps: Name, or unique identifier, of an active AES key of 256 bits that serves nothing else. ' +
      'Where it follows another one, from `gatehouse kek promote` on. SIGHUP reads it again.',
    kind: text,
    default: 'gatehouse',
  }),
  former_key_names: setting({
    explanation:
      'KEKs that wrapped before it and still unwrap, by Name or unique identifier. SIGHUP reads them again.',
    kind: list,
    default: [],
  }),
  wrapping: setting({
    explanation:
      '`aes-gcm`: the server wraps and binds the context, which wants KMIP 1.4. ' +
      '`derived`: the server derives a key for each wrapping, KMIP 1.2 or later. Both open what either wrapped.',
    kind: oneOf('aes-gcm', 'derived'),
    default: 'aes-gcm',
  }),
  protocol: setting({
    explanation:
      'The version of KMIP to speak. `auto`: the first of 1.4, 2.0, 1.3 and 1.2 that the server speaks.',
    kind: oneOf('auto', '2.0', '1.4', '1.3', '1.2'),
    default: 'auto',
  }),
  connections: setting({
    explanation: 'The most connections of one process; each serves one request at a time.',
    kind: whole(1, 64),
    default: 4,
  }),
}

import { crossed, type Scenario } from '../scenario.ts'
import { person } from './people.ts'

const long = (length: number): string => 'x'.repeat(length)

const FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  name: [
    'plain',
    '',
    ' padded ',
    'é'.repeat(255),
    long(255),
    long(256),
    '\u{1f511}',
    null,
    5,
    [],
    {},
    true,
    '\t',
    'a\nb',
  ],
  algorithm: ['aes', 'AES', '', ' aes ', 'no such thing', long(255), long(256), null, 7, false, []],
  mode: ['cbc', 'xts', '', long(255), long(256), null, 1.5, {}],
  bit_length: [
    1,
    8,
    255,
    256,
    257,
    32_767,
    32_768,
    0,
    -1,
    128.0,
    128.5,
    '256',
    null,
    true,
    [],
    1e3,
    1e30,
  ],
  secret_type: [
    'symmetric',
    'passphrase',
    'private',
    'public',
    'certificate',
    'opaque',
    'Opaque',
    '',
    'dsa',
    null,
    1,
    ' opaque ',
  ],
  expiration: [
    '2055-01-01',
    '2055-01-01T00:00:00',
    '2055-01-01 01:02:03',
    '2055-01-01T01:02:03.456',
    '2055-01-01T01:02:03Z',
    '2055-01-01T01:02:03+05:30',
    '2055-01-01T01:02:03-0800',
    '20550101T010203',
    '20550101',
    '2055-01-01T01:02',
    '2055-01-01T01:02:03.123456789',
    '2055-01-01T01:02:03,5',
    '2055-02-29',
    '2056-02-29',
    '2055-13-01',
    '2055-1-1',
    '2055-W01-1',
    '2055-001',
    '2055',
    '2055-01',
    'tomorrow',
    '',
    '   ',
    '1999-01-01',
    '2055-01-01T24:00:00',
    '2055-01-01T25:00:00',
    '2055-01-01T00:60:00',
    '2055-01-01T00:00:60',
    '2055-01-01T00',
    '2055-01-01T00:00:00+1',
    '2055-01-01T00:00:00+25:00',
    '9999-12-31T23:59:59',
    '9999-12-31T23:59:59-05:00',
    '0001-01-01',
    ' 2055-01-01 ',
    null,
    5,
    {},
    '2055-01-01T00:00:00 Z',
    '2055-01-01t00:00:00z',
    '2055/01/01',
    long(256),
  ],
  payload_content_type: ['text/plain', null, '', 'application/aes'],
  payload_content_encoding: ['base64', 'BASE64', null, '', 'gzip', 5],
  transport_key_needed: ['true', 'false', 'True', '', true, null],
  transport_key_id: ['no-such-key', null, 5],
  creator_id: ['somebody else', null, 5],
  project_id: ['another project'],
  external_project_id: ['another project', null],
  inst: ['x'],
  status: ['ERROR', null],
  content_types: [{ default: 'text/plain' }],
  created: ['2001-01-01T00:00:00'],
  id: ['9c2d5ae2-0000-4000-8000-000000000000'],
  secret_ref: ['http://elsewhere/v1/secrets/x'],
  unknown: [1, null, { deep: [{ deeper: true }] }],
}

/** Every field alone with each of its values, then many of them together. */
export const secretCreation: Scenario = {
  name: 'secrets: what a new one may say of itself',
  async run(twins, random) {
    twins.enter(this.name, person('creation', 'carol', 'creator'))
    const sendAndRead = async (json: unknown): Promise<void> => {
      const { made } = await twins.ask('POST /v1/secrets', { json })
      if (made !== undefined) await twins.ask(`GET ${made}`)
    }
    for (const [field, values] of Object.entries(FIELDS))
      for (const value of values) await sendAndRead({ [field]: value })
    for (let round = 0; round < 60; round++) {
      const drawn = Object.fromEntries(
        Object.entries(FIELDS)
          .filter(
            ([field]) =>
              random.isOneIn(4) &&
              !['external_project_id', 'inst', 'project_id', 'expiration'].includes(field),
          )
          .map(([field, values]) => [field, random.pick(values)]),
      )
      await sendAndRead({ ...drawn, ...(random.isOneIn(2) ? { payload: random.text(12) } : {}) })
    }
  },
}

const TYPES = [
  undefined,
  null,
  'text/plain',
  'TEXT/PLAIN',
  ' text/plain',
  'text/plain ',
  'text/plain;charset=utf-8',
  'text/plain; charset=utf-8',
  'text/plain; charset=UTF-8',
  'text/plain ; charset = utf-8',
  'text/plain;charset=ascii',
  'text/plain;',
  'text/plain;foo=utf-8',
  'text/plain;charset=utf-8;x=y',
  'text/html',
  'application/octet-stream',
  'Application/Octet-Stream',
  'application/octet-stream;charset=utf-8',
  'application/pkcs8',
  'application/pkcs8;charset=utf-8',
  'text/plain;charset=utf-8;',
  'application/pkix-cert',
  'application/x-pem-file',
  'application/json',
  '*/*',
  '',
  'nonsense',
  5,
]
const ENCODINGS = [undefined, 'base64', 'BASE64', null, 'gzip', '']

/** Every type with every encoding, read back in every way that concerns it. */
export const payloadTypes: Scenario = {
  name: 'secrets: payload types and encodings',
  async run(twins) {
    twins.enter(this.name, person('payloads', 'carol', 'creator'))
    for (const [payload_content_type, payload_content_encoding] of crossed(TYPES, ENCODINGS)) {
      const json = { payload: 'cGF5bG9hZA==', payload_content_type, payload_content_encoding }
      const { made } = await twins.ask('POST /v1/secrets', { json })
      if (made === undefined) continue
      await twins.ask(`GET ${made}`)
      await twins.ask(`GET ${made}/payload`)
    }
  },
}

const PAYLOADS: readonly (readonly [string, string | undefined])[] = [
  ...[
    'a',
    ' a ',
    '\n a line \n',
    'é',
    '\u{1f511}',
    '\u0000',
    'a\u0000b',
    '',
    ' ',
    '\n',
    '\ufeffbom',
    '\u2003wide\u2003',
    '\u001cseparated\u001c',
    '\u0085next line\u0085',
    long(20_000),
    long(20_001),
    'é'.repeat(10_000),
    'é'.repeat(10_001),
    long(24_900),
    long(30_000),
    '-----BEGIN X-----\nAAAA\n-----END X-----\n',
    '{"json": true}',
    '\ud800',
  ].map((payload) => [payload, undefined] as const),
  ...[
    'AAAA',
    'AA==',
    'AA',
    'A',
    'A===',
    'AAA=',
    'AAAA\nAAAA\n',
    ' AAAA ',
    'AA AA',
    'AA\tAA',
    '!!!!',
    '-_-_',
    '====',
    '=',
    'AAAA====',
    'AA==AAAA',
    'AAA*',
    'AAé=',
    'QUJD\r\nREVG',
    '+/+/',
    'AB==',
    '"AAAA"',
    'AAAAA',
    Buffer.alloc(14_999, 7).toString('base64'),
    Buffer.alloc(15_000, 7).toString('base64'),
    Buffer.alloc(15_001, 7).toString('base64'),
  ].map((payload) => [payload, 'base64'] as const),
]

/** What comes back is what went in, to the byte. */
export const payloadValues: Scenario = {
  name: 'secrets: payloads come back as they were sent',
  async run(twins, random) {
    twins.enter(this.name, person('values', 'carol', 'creator'))
    const store = async (
      payload: unknown,
      payload_content_encoding: unknown,
      payload_content_type: unknown,
      secret_type?: string,
    ): Promise<void> => {
      const json = { payload, payload_content_encoding, payload_content_type, secret_type }
      const { made } = await twins.ask('POST /v1/secrets', { json })
      if (made === undefined) return
      await twins.ask(`GET ${made}/payload`)
      await twins.ask(`GET ${made}`, { headers: { Accept: String(payload_content_type) } })
    }
    for (const [payload, encoding] of PAYLOADS)
      await store(
        payload,
        encoding,
        encoding === undefined ? 'text/plain' : 'application/octet-stream',
      )
    for (const payload of [5, true, [], {}, null, ['a']])
      await store(payload, undefined, 'text/plain')
    for (let round = 0; round < 30; round++) {
      const bytes = random.bytes(random.whole(1, 300))
      const type = random.pick(['application/octet-stream', 'application/pkcs8'])
      const secretType = random.pick(['symmetric', 'private', 'certificate', 'opaque'])
      await store(bytes.toString('base64'), 'base64', type, secretType)
      await store(
        random.text(random.whole(1, 40), ' aé\u{1f511}\n"\\%_'),
        undefined,
        'text/plain',
        'passphrase',
      )
    }
  },
}

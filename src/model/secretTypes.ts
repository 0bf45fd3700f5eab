/** Barbican's secret types (contract 01); the type is never checked against the payload. */
export const SECRET_TYPES = [
  'symmetric',
  'passphrase',
  'private',
  'public',
  'certificate',
  'opaque',
] as const

export type SecretType = (typeof SECRET_TYPES)[number]

/** The normalised payload content types; clients send them back as `Accept` (contract 01). */
export const CONTENT_TYPES = [
  'text/plain',
  'application/octet-stream',
  'application/pkcs8',
] as const

export type ContentType = (typeof CONTENT_TYPES)[number]

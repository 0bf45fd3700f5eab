import type { Brand } from './brand.ts'

/**
 * UTC with microseconds as fixed-width text, `YYYY-MM-DDTHH:MM:SS.ffffff`: it sorts as it reads,
 * survives every database driver, and is the wire form save for `.000000`.
 */
export type Timestamp = Brand<string, 'Timestamp'>

/** The wire form: Barbican's isoformat() leaves out a fraction of zero. */
export function wireTime(timestamp: Timestamp): string {
  return timestamp.endsWith('.000000') ? timestamp.slice(0, 19) : timestamp
}

/** @param micros microseconds since 1970-01-01T00:00:00Z; a safe integer until the year 2255 */
export function timestampFromMicros(micros: number): Timestamp {
  const millis = Math.floor(micros / 1000)
  const rest = String(micros - millis * 1000).padStart(3, '0')
  return `${new Date(millis).toISOString().slice(0, 23)}${rest}` as Timestamp
}

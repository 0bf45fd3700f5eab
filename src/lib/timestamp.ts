import type { Brand } from './brand.ts'

/**
 * UTC with microseconds as fixed-width text, `YYYY-MM-DDTHH:MM:SS.ffffff`: it sorts as it reads,
 * survives every database driver, and is the wire form save for `.000000`.
 */
export type Timestamp = Brand<string, 'Timestamp'>

/** No clock gets there. */
export const NEVER = '9999-12-31T23:59:59.999999' as Timestamp

/** The wire form: Barbican's isoformat() leaves out a fraction of zero. */
export function wireTime(timestamp: Timestamp): string {
  return timestamp.endsWith('.000000') ? timestamp.slice(0, 19) : timestamp
}

/** @param micros microseconds since 1970-01-01T00:00:00Z; a safe integer until the year 2255 */
export function timestampFromMicros(micros: number): Timestamp {
  const seconds = Math.floor(micros / 1_000_000)
  return timestampFrom(seconds, micros - seconds * 1_000_000)
}

/**
 * For every year from 1 to 9999: seconds and microseconds in one number would lose the last digits.
 * @param seconds whole seconds since 1970-01-01T00:00:00Z
 * @param micros 0 to 999999
 */
export function timestampFrom(seconds: number, micros: number): Timestamp {
  const date = new Date(seconds * 1000).toISOString().slice(0, 19)
  return `${date}.${sixDigits(micros)}` as Timestamp
}

/** The same again and again: those of one second have all but their fraction in common. */
export class Timestamps {
  #second = Number.NaN
  #text = ''

  of(micros: number): Timestamp {
    const second = Math.floor(micros / 1_000_000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = timestampFrom(second, 0).slice(0, -6)
    }
    return (this.#text + sixDigits(micros - second * 1_000_000)) as Timestamp
  }
}

function sixDigits(micros: number): string {
  return String(micros).padStart(6, '0')
}

const DAY_SECONDS = 86_400

/** So many days earlier, and in 1970 at the earliest: no clock of ours was there before. */
export function daysBefore(timestamp: Timestamp, days: number): Timestamp {
  const seconds = secondsOf(timestamp) - days * DAY_SECONDS
  return timestampFrom(Math.max(0, seconds), 0)
}

/** Whole seconds since 1970-01-01T00:00:00Z. */
export function secondsOf(timestamp: Timestamp): number {
  return Date.parse(`${timestamp.slice(0, 19)}Z`) / 1000
}

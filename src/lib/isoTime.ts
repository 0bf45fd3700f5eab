import { type Timestamp, timestampFrom } from './timestamp.ts'

/** ISO 8601 as oslo's parse_isotime takes it (contract 01): calendar dates, extended or basic form, no week or ordinal dates. */
const DATE =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?|(\d{2})(\d{2})?)?(?:[ T](\d{2})(?::?(\d{2})(?::?(\d{1,2})(?:[.,](\d+))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/

const YEAR_1_SECONDS = -62_135_596_800
const AFTER_YEAR_9999_SECONDS = 253_402_300_800

/**
 * Zoned values are converted to UTC; no zone means UTC. Fractions are cut at microseconds.
 * @returns undefined for anything that is no date, or lies outside the years 1-9999 after conversion
 */
export function parseIsoTime(text: string): Timestamp | undefined {
  const match = DATE.exec(text)
  if (match === null) return undefined
  const [, year, dashMonth, dashDay, month, day, hour, minute, second, fraction, zone] = match
  const hasTime = hour !== undefined
  const hasDay = dashDay !== undefined || day !== undefined
  if (hasTime && !hasDay) return undefined
  const fields = {
    year: Number(year),
    month: Number(dashMonth ?? month ?? 1),
    day: Number(dashDay ?? day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
  }
  const offsetMinutes = zoneOffsetMinutes(zone)
  if (offsetMinutes === undefined) return undefined
  const seconds = epochSeconds(fields)
  if (seconds === undefined) return undefined
  const utcSeconds = seconds - offsetMinutes * 60
  if (utcSeconds < YEAR_1_SECONDS || utcSeconds >= AFTER_YEAR_9999_SECONDS) return undefined
  return timestampFrom(utcSeconds, Number((fraction ?? '').slice(0, 6).padEnd(6, '0')))
}

function zoneOffsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || 0)
  if (hours > 23 || minutes > 59) return undefined
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes)
}

interface DateFields {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

function epochSeconds(fields: DateFields): number | undefined {
  if (fields.year < 1 || fields.hour > 23 || fields.minute > 59 || fields.second > 59)
    return undefined
  const date = new Date(0)
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day)
  // A day that does not exist rolls over into another month.
  if (date.getUTCMonth() !== fields.month - 1 || date.getUTCDate() !== fields.day) return undefined
  date.setUTCHours(fields.hour, fields.minute, fields.second)
  return date.getTime() / 1000
}

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
}

/** `90`, `90s`, `15m`, `1h`, `7d`; undefined for anything else. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^(\d{1,9})\s*([smhd]?)$/.exec(text.trim())
  if (match === null) return undefined
  const perUnit = SECONDS_PER_UNIT[match[2] ?? '']
  return perUnit === undefined ? undefined : Number(match[1]) * perUnit
}

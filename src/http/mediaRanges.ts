export interface MediaRange {
  /** Lower case, e.g. `text/plain`, `application/*`, or the wildcard of everything. */
  readonly type: string
  /** Parameters other than q; names and values in lower case. */
  readonly parameters: ReadonlyMap<string, string>
  /** The range as the client wrote it, blanks included, without q. */
  readonly text: string
  readonly quality: number
}

const TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/

/**
 * Parses Accept or Content-Type (RFC 9110 section 12.5.1), best first; ranges that are not one are
 * left out, and those with q=0 are kept so that a caller can see them refused.
 */
export function parseMediaRanges(header: string): readonly MediaRange[] {
  const ranges: MediaRange[] = []
  for (const part of header.split(',')) {
    const [rawType = '', ...rawParameters] = part.split(';')
    const type = rawType.trim().toLowerCase()
    if (!TYPE.test(type)) continue
    const parameters = new Map<string, string>()
    const kept = [rawType.trim()]
    let quality = 1
    for (const raw of rawParameters) {
      const [name = '', value = ''] = raw.split('=', 2).map((text) => text.trim())
      if (name.toLowerCase() === 'q') {
        quality = Number(value)
        if (!(quality >= 0 && quality <= 1)) quality = 0
        continue
      }
      parameters.set(name.toLowerCase(), value.replace(/^"(.*)"$/, '$1').toLowerCase())
      kept.push(raw.trimEnd())
    }
    ranges.push({ type, parameters, text: kept.join(';'), quality })
  }
  return ranges.toSorted((a, b) => b.quality - a.quality)
}

const JSON_RANGES = new Set(['application/json', 'application/*', '*/*'])

function isJsonRange(range: MediaRange): boolean {
  return range.quality > 0 && JSON_RANGES.has(range.type)
}

/** Barbican serves JSON to an Accept it cannot parse (contract 00), so only a clear exclusion is a no. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return true
  const ranges = parseMediaRanges(accept)
  return ranges.length === 0 || ranges.some(isJsonRange)
}

const NEEDS_NO_ESCAPE = /^[\w .:@/+-]*$/

/** A JSON string. Nearly every id needs no escaping, and looking is cheaper than JSON.stringify. */
export function jsonText(text: string): string {
  return NEEDS_NO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text)
}

export function jsonTextOrNull(text: string | null | undefined): string {
  return text === null || text === undefined ? 'null' : jsonText(text)
}

/** `2026-11-22T03:12:45.120Z`; formatted once per millisecond. */
export class IsoTimes {
  #lastMs = Number.NaN
  #lastText = ''

  of(epochMs: number): string {
    if (epochMs !== this.#lastMs) {
      this.#lastMs = epochMs
      this.#lastText = new Date(epochMs).toISOString()
    }
    return this.#lastText
  }
}

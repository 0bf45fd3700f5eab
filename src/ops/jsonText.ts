const NEEDS_NO_ESCAPE = /^[\w .:@/+-]*$/

/** A JSON string. Nearly every id needs no escaping, and looking is cheaper than JSON.stringify. */
export function jsonText(text: string): string {
  return NEEDS_NO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text)
}

export function jsonTextOrNull(text: string | null | undefined): string {
  return text === null || text === undefined ? 'null' : jsonText(text)
}

/** `2026-11-22T03:12:45.120Z`; formatted once per millisecond. */
export class IsoClock {
  readonly #epochMs: () => number
  #lastMs = Number.NaN
  #lastText = ''

  constructor(epochMs: () => number) {
    this.#epochMs = epochMs
  }

  now(): string {
    const nowMs = this.#epochMs()
    if (nowMs !== this.#lastMs) {
      this.#lastMs = nowMs
      this.#lastText = new Date(nowMs).toISOString()
    }
    return this.#lastText
  }
}

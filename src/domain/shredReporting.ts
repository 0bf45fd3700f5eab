import type { ShredReportRepository, ShredReportSigner } from './ports/shredReports.ts'

export interface ShredReportingParts {
  readonly reports: Pick<ShredReportRepository, 'unsigned' | 'sign'>
  readonly signer: ShredReportSigner
}

const AT_ONCE = 100

/** Signs what is whole: what this process finished, and what one had that ended before it could. */
export class ShredReporting {
  readonly #parts: ShredReportingParts

  constructor(parts: ShredReportingParts) {
    this.#parts = parts
  }

  /** @returns how many were signed here */
  async signAll(): Promise<number> {
    const { reports, signer } = this.#parts
    let signed = 0
    for (;;) {
      const waiting = await reports.unsigned(AT_ONCE)
      for (const facts of waiting) {
        if (await reports.sign(facts, await signer.sign(facts))) signed += 1
      }
      if (waiting.length < AT_ONCE) return signed
    }
  }
}

import { Gauge, type Registry } from 'prom-client'
import type { CertificateCounts } from '../domain/ports/certificateRepositories.ts'

/** How many stored certificates end soon, on the one process that counts. No label holds whose they are. */
export class StoredCertificateMetrics {
  readonly #ending: Gauge<'left'>

  constructor(registry: Registry) {
    this.#ending = new Gauge({
      name: 'gatehouse_stored_certificates_ending',
      help: 'Certificates that clients store here, by what is left of them: expired, 1d, 7d, 30d. Each is counted once. Only where housekeeping is done.',
      labelNames: ['left'],
      registers: [registry],
    })
  }

  /** undefined: another process counts from now on. */
  counted(counts: CertificateCounts | undefined): void {
    this.#ending.reset()
    if (counts === undefined) return
    this.#ending.set({ left: 'expired' }, counts.expired)
    this.#ending.set({ left: '1d' }, counts.within1Day)
    this.#ending.set({ left: '7d' }, counts.within7Days)
    this.#ending.set({ left: '30d' }, counts.within30Days)
  }
}

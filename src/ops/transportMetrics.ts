import { Counter, Gauge, type Registry } from 'prom-client'
import { Tally } from './tally.ts'

const HANDSHAKES = ['full', 'resumed', 'failed', 'client refused'] as const
const REFUSED = [
  'malformed PROXY header',
  'too slow',
  'too many connections',
  'too many connections of one client',
  'too many requests in one breath',
] as const

/** Numbers of the listener: handshakes, certificates, connections that were turned away. */
export class TransportMetrics {
  readonly #handshakes: Tally<(typeof HANDSHAKES)[number]>
  readonly #refused: Tally<(typeof REFUSED)[number]>
  readonly #clearText: Counter
  readonly #reloads: Counter<'outcome'>
  readonly #refusedFiles: Gauge<'certificate'>
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
    const registers = [registry]
    this.#handshakes = new Tally({
      name: 'gatehouse_tls_handshakes_total',
      help: 'TLS handshakes, by outcome.',
      label: 'outcome',
      kinds: HANDSHAKES,
      registry,
    })
    this.#refused = new Tally({
      name: 'gatehouse_refused_connections_total',
      help: 'Connections that were closed without hearing what they want, by reason.',
      label: 'reason',
      kinds: REFUSED,
      registry,
    })
    this.#clearText = new Counter({
      name: 'gatehouse_clear_text_requests_total',
      help: 'Requests that came over HTTP while allow_clear_text lets them.',
      registers,
    })
    this.#reloads = new Counter({
      name: 'gatehouse_certificate_reloads_total',
      help: 'Certificates that changed on disk: taken up, or refused because they cannot be served.',
      labelNames: ['outcome'],
      registers,
    })
    for (const outcome of ['replaced', 'refused']) this.#reloads.inc({ outcome }, 0)
    this.#refusedFiles = new Gauge({
      name: 'gatehouse_certificate_refused',
      help: '1 while the files of a certificate cannot be served and an older one is. Anything but 0 wants a human.',
      labelNames: ['certificate'],
      registers,
    })
  }

  handshake(outcome: (typeof HANDSHAKES)[number]): void {
    this.#handshakes.count(outcome)
  }

  connectionRefused(reason: (typeof REFUSED)[number]): void {
    this.#refused.count(reason)
  }

  clearTextRequest(): void {
    this.#clearText.inc()
  }

  certificateReplaced(certificate: string): void {
    this.#reloads.inc({ outcome: 'replaced' })
    this.certificateIsFine(certificate)
  }

  certificateRefused(certificate: string): void {
    this.#reloads.inc({ outcome: 'refused' })
    this.#refusedFiles.set({ certificate }, 1)
  }

  certificateIsFine(certificate: string): void {
    this.#refusedFiles.set({ certificate }, 0)
  }

  watchExpiry(read: () => readonly { readonly name: string; readonly seconds: number }[]): void {
    new Gauge({
      name: 'gatehouse_certificate_expiry_seconds',
      help: 'Seconds until a certificate of the listener, or one of its chain, ends; negative once it has.',
      labelNames: ['certificate'],
      registers: [this.#registry],
      collect() {
        for (const { name, seconds } of read()) this.set({ certificate: name }, seconds)
      },
    })
  }

  watchClearTextClients(count: () => number): void {
    new Gauge({
      name: 'gatehouse_clear_text_clients',
      help: 'Clients that came over HTTP within the last hour, told apart by address, project and program.',
      registers: [this.#registry],
      collect() {
        this.set(count())
      },
    })
  }
}

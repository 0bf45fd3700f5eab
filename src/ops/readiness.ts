import { Fault } from '../lib/fault.ts'

export interface Probe {
  readonly name: string
  /**
   * False for what others can do without for a while: a node that is not ready leaves its load
   * balancer, and all nodes at once would turn a limp into an outage.
   */
  readonly isRequired: boolean
  /** Throws when what it looks at is away. */
  check(signal: AbortSignal): Promise<void>
}

export interface ReadinessOptions {
  readonly probes: readonly Probe[]
  readonly monotonicMs: () => number
  readonly isDraining: () => boolean
  /** For each probe; 2 s unless said. */
  readonly timeoutMs?: number
}

export interface ReadinessReport {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 2000
const FRESH_FOR_MS = 2000

/** Can this node do its work? Asked often by many, so an answer counts for two seconds. */
export class Readiness {
  readonly #options: ReadinessOptions
  #report: Promise<ReadinessReport> | undefined
  #askedAtMs = 0

  constructor(options: ReadinessOptions) {
    this.#options = options
  }

  async report(): Promise<ReadinessReport> {
    if (this.#options.isDraining()) return { ready: false, checks: { process: 'draining' } }
    const nowMs = this.#options.monotonicMs()
    if (this.#report === undefined || nowMs - this.#askedAtMs >= FRESH_FOR_MS) {
      this.#askedAtMs = nowMs
      this.#report = this.#probe()
    }
    return this.#report
  }

  async #probe(): Promise<ReadinessReport> {
    const { probes, timeoutMs = TIMEOUT_MS } = this.#options
    const verdicts = await Promise.all(probes.map((probe) => verdictOf(probe, timeoutMs)))
    return {
      ready: probes.every(({ isRequired }, index) => !isRequired || verdicts[index] === 'ok'),
      checks: Object.fromEntries(probes.map(({ name }, index) => [name, verdicts[index] ?? 'ok'])),
    }
  }
}

async function verdictOf(probe: Probe, timeoutMs: number): Promise<'ok' | `failed: ${string}`> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    // A probe that ignores its signal must not hold up the others.
    await Promise.race([probe.check(signal), aborted(signal)])
    return 'ok'
  } catch (error) {
    // The reason of anything but a Fault may hold more than a stranger should read.
    if (signal.aborted) return `failed: no answer within ${timeoutMs} ms`
    return `failed: ${error instanceof Fault ? error.message : 'see the log'}`
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Fault('unavailable', 'no answer')), {
      once: true,
    })
  })
}

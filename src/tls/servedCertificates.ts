import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import {
  type CertificateFiles,
  type CertificateMaterial,
  CertificateTrouble,
  readCertificateFiles,
} from './certificateFiles.ts'
import type { ClientPolicy } from './clientPolicy.ts'
import { expiryMs, type Finding, judgeCertificate } from './judgeCertificate.ts'
import { protocolOptions, type TlsProtocol } from './protocol.ts'

/** One certificate as the configuration names it. */
export interface CertificateOptions extends CertificateFiles {
  readonly name: string
  readonly serverNames: readonly string[]
  readonly clients: ClientPolicy
}

export interface ServedCertificatesParts {
  /** The default first. */
  readonly certificates: readonly CertificateOptions[]
  readonly protocol: TlsProtocol
  readonly epochMs: () => number
}

/** A certificate in use. */
export interface Served {
  readonly options: CertificateOptions
  readonly material: CertificateMaterial
  readonly contextOptions: SecureContextOptions
  readonly context: SecureContext
  readonly findings: readonly Finding[]
}

export type LookOutcome =
  | { readonly kind: 'same'; readonly name: string }
  | { readonly kind: 'replaced'; readonly name: string; readonly served: Served }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string }

/** The certificates that the listener shows, by the name a client asks for. */
export class ServedCertificates {
  readonly #parts: ServedCertificatesParts
  readonly #served = new Map<string, Served>()
  readonly #byServerName: ReadonlyMap<string, string>
  readonly #defaultName: string

  private constructor(parts: ServedCertificatesParts, first: readonly Served[]) {
    this.#parts = parts
    for (const served of first) this.#served.set(served.options.name, served)
    this.#defaultName = first[0]?.options.name ?? ''
    this.#byServerName = new Map(
      first.flatMap(({ options }) => options.serverNames.map((name) => [name, options.name])),
    )
  }

  /** @throws CertificateTrouble with all that is wrong */
  static async open(parts: ServedCertificatesParts): Promise<ServedCertificates> {
    const served: Served[] = []
    const troubles: string[] = []
    for (const options of parts.certificates) {
      try {
        served.push(await load(options, parts, ['broken']))
      } catch (error) {
        if (!(error instanceof CertificateTrouble)) throw error
        troubles.push(error.message)
      }
    }
    if (troubles.length > 0) throw new CertificateTrouble(troubles.join('\n'))
    return new ServedCertificates(parts, served)
  }

  get all(): readonly Served[] {
    return [...this.#served.values()]
  }

  /** For whoever asks for no name, or for one nobody has. */
  get default(): Served {
    const served = this.#served.get(this.#defaultName)
    if (served === undefined) throw new Error('there is no default certificate')
    return served
  }

  /** @param serverName as the client sent it */
  for(serverName: string | undefined): Served {
    const asked = serverName?.toLowerCase()
    const name =
      asked === undefined
        ? undefined
        : (this.#byServerName.get(asked) ?? this.#byServerName.get(starOf(asked)))
    return (name === undefined ? undefined : this.#served.get(name)) ?? this.default
  }

  /** Reads all files again; what is whole takes the place of what was there. */
  async look(): Promise<readonly LookOutcome[]> {
    const outcomes: LookOutcome[] = []
    for (const options of this.#parts.certificates) outcomes.push(await this.#lookAt(options))
    return outcomes
  }

  async #lookAt(options: CertificateOptions): Promise<LookOutcome> {
    const { name } = options
    try {
      const material = await readCertificateFiles(options)
      if (material.digest === this.#served.get(name)?.material.digest) return { kind: 'same', name }
      const served = fit(options, material, this.#parts, ['broken', 'outdated'])
      this.#served.set(name, served)
      return { kind: 'replaced', name, served }
    } catch (error) {
      if (error instanceof CertificateTrouble)
        return { kind: 'refused', name, reason: error.message }
      throw error
    }
  }
}

async function load(
  options: CertificateOptions,
  parts: ServedCertificatesParts,
  unfit: readonly Finding['grade'][],
): Promise<Served> {
  return fit(options, await readCertificateFiles(options), parts, unfit)
}

/** @throws CertificateTrouble when a finding has a grade of `unfit` */
function fit(
  options: CertificateOptions,
  material: CertificateMaterial,
  { protocol, epochMs }: ServedCertificatesParts,
  unfit: readonly Finding['grade'][],
): Served {
  const findings = judgeCertificate(material, { nowMs: epochMs(), profile: protocol.profile })
  const reasons = findings.filter(({ grade }) => unfit.includes(grade)).map(({ what }) => what)
  if (reasons.length > 0) {
    throw new CertificateTrouble(`${options.certFile} cannot be served: ${reasons.join('; ')}.`)
  }
  return { ...fitForServing(options, material, protocol), findings }
}

/** @throws CertificateTrouble when OpenSSL does not take it */
export function fitForServing(
  options: CertificateOptions,
  material: CertificateMaterial,
  protocol: TlsProtocol,
): Omit<Served, 'findings'> {
  const contextOptions: SecureContextOptions = {
    ...protocolOptions(protocol),
    cert: material.pem.cert,
    key: material.pem.key,
    // Never the machine's own CAs: an empty list trusts nobody.
    ca: material.pem.ca ?? [],
  }
  try {
    return {
      options,
      material,
      contextOptions,
      context: createSecureContext(contextOptions),
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new CertificateTrouble(`${options.certFile} cannot be served: OpenSSL says ${code}.`, {
      cause,
    })
  }
}

export function secondsLeft({ material }: Served, nowMs: number): number {
  return Math.floor((expiryMs(material.chain) - nowMs) / 1000)
}

function starOf(serverName: string): string {
  const dot = serverName.indexOf('.')
  return dot < 0 ? serverName : `*${serverName.slice(dot)}`
}

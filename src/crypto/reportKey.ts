import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactSign, calculateJwkThumbprint, compactVerify, errors } from 'jose'
import type { ShredFacts, ShredReportSigner } from '../domain/ports/shredReports.ts'
import type { Clock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { createPrivateFile, readPrivateFile } from './kek/privateFile.ts'
import { type ReportCircumstances, shredReportOf } from './shredReport.ts'

/** NIST's curve: a FIPS provider knows it, and so does whoever checks a report in ten years (ADR 0056). */
const ALGORITHM = 'ES256'
const TYPE = 'gatehouse-shred-report+jws'
const CURVE = 'P-256'

/** Signs reports for this node; whoever holds the public half can check them without us. */
export interface ReportKey {
  /** RFC 7638 thumbprint of the public half. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Made where there is none; of two processes that make one, the first counts. @throws StartupRefusal */
export async function loadOrCreateReportKey(path: string): Promise<ReportKey> {
  const present = await readPrivateFile(path)
  if (present !== undefined) return reportKeyOf(present, path)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: CURVE })
  const pem = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  await createPrivateFile(path, pem)
  pem.fill(0)
  const made = await readPrivateFile(path)
  if (made === undefined) throw new StartupRefusal(`${path} was made, and is gone again.`)
  return reportKeyOf(made, path)
}

/** A public key somebody was given. @throws StartupRefusal */
export function reportKeyToCheckWith(pem: Buffer, name: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw new StartupRefusal(`${name} is no public key in PEM.`)
  }
}

export class SignsShredReports implements ShredReportSigner {
  readonly #path: string
  readonly #circumstances: ReportCircumstances
  readonly #clock: Clock
  #key: Promise<ReportKey> | undefined

  constructor(parts: {
    readonly path: string
    readonly circumstances: ReportCircumstances
    readonly clock: Clock
  }) {
    this.#path = parts.path
    this.#circumstances = parts.circumstances
    this.#clock = parts.clock
  }

  async sign(facts: ShredFacts): Promise<string> {
    // Looked for anew after a failure.
    this.#key ??= loadOrCreateReportKey(this.#path).catch((error: unknown) => {
      this.#key = undefined
      throw error
    })
    const { kid, privateKey } = await this.#key
    const report = shredReportOf(facts, this.#circumstances, this.#clock.now())
    return new CompactSign(Buffer.from(JSON.stringify(report), 'utf8'))
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .sign(privateKey)
  }
}

/** What the report says; undefined when this key did not sign it, or it was changed since. */
export async function checkedReport(report: string, key: KeyObject): Promise<string | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(report, key, {
      algorithms: [ALGORITHM],
    })
    return protectedHeader.typ === TYPE ? Buffer.from(payload).toString('utf8') : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

async function reportKeyOf(pem: Buffer, path: string): Promise<ReportKey> {
  const privateKey = privateKeyIn(pem, path)
  const publicKey = createPublicKey(privateKey)
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }))
  return { kid, privateKey, publicKey }
}

function privateKeyIn(pem: Buffer, path: string): KeyObject {
  const wrong = `${path} holds no P-256 private key in PEM; it signs the reports of shredded projects.`
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // The reason would quote the file.
    throw new StartupRefusal(wrong)
  } finally {
    pem.fill(0)
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new StartupRefusal(wrong)
  return key
}

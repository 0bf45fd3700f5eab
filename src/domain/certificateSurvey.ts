import { Fault } from '../lib/fault.ts'
import type { StoredFacts } from '../model/certificateFacts.ts'
import type { CertificateRepository, SurveyPlace } from './ports/certificateRepositories.ts'
import type { Integrity, PayloadReader } from './ports/crypto.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly secrets: Pick<SecretRepository, 'find'>
  readonly certificates: Pick<
    CertificateRepository,
    'countUnread' | 'noteSurvey' | 'surveyPlace' | 'unread'
  >
  readonly integrity: Integrity
  readonly payloadReader: Pick<PayloadReader, 'readStored'>
}

export interface Surveyed {
  readonly looked: number
  readonly found: number
  /** Not as they were written: an alarm was raised. */
  readonly damaged: number
}

/**
 * Reads facts from payloads that were stored by a release that did not. Goes on where the last one stopped: what
 * was looked at is noted with each batch.
 */
export class CertificateSurvey {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** How many are left to be looked at. */
  async count(): Promise<number> {
    const { certificates } = this.#parts
    return certificates.countUnread(await certificates.surveyPlace())
  }

  /** @param onBatch may throw, which ends it; what was looked at until then is kept */
  async run(batchSize: number, onBatch: (looked: number) => void): Promise<Surveyed> {
    const { certificates } = this.#parts
    const sum = { looked: 0, found: 0, damaged: 0 }
    let place = await certificates.surveyPlace()
    for (;;) {
      const { unread, last } = await certificates.unread(place, batchSize)
      const seen = await Promise.all(unread.map((one) => this.#look(one)))
      const found = seen.filter((it) => typeof it === 'object')
      place = last
      // Nothing to look at is quickly found again, and a commit is not quick.
      if (unread.length > 0 || last === undefined) await certificates.noteSurvey(found, last)
      sum.looked += unread.length
      sum.found += found.length
      sum.damaged += seen.filter((it) => it === 'damaged').length
      onBatch(unread.length)
      if (place === undefined) return sum
    }
  }

  async #look({ secretId }: SurveyPlace): Promise<StoredFacts | 'damaged' | undefined> {
    const { secrets, integrity, payloadReader } = this.#parts
    try {
      const secret = await integrity.verified(await secrets.find(secretId))
      const facts = secret && (await payloadReader.readStored(secret))
      return facts && { ...facts, secretId, projectId: secret.projectId }
    } catch (error) {
      if (error instanceof Fault && error.kind === 'corrupted') return 'damaged'
      // Its project was deleted, and its keys destroyed.
      if (error instanceof Fault && error.kind === 'notFound') return undefined
      throw error
    }
  }
}

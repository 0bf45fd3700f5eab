import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ContainerId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { StoredFacts } from '../model/certificateFacts.ts'
import type { RequestContext } from '../model/requestContext.ts'
import { isExpired } from '../model/secret.ts'
import type { Policy } from '../policy/policy.ts'
import {
  type CertificateWarning,
  type JudgedContainer,
  judgeContainer,
  judgePayload,
  type Member,
} from './certificateWarnings.ts'
import { findContainer } from './findContainer.ts'
import { findSecretFacts } from './findSecret.ts'
import type { CertificateRepository } from './ports/certificateRepositories.ts'
import type { ContainerRepository } from './ports/containerRepositories.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly secrets: Pick<SecretRepository, 'facts'>
  readonly containers: Pick<ContainerRepository, 'find'>
  readonly certificates: Pick<CertificateRepository, 'ofSecrets'>
  readonly integrity: Integrity
  readonly policy: Policy
  readonly clock: Clock
}

export interface ShownFacts {
  readonly facts: StoredFacts
  readonly now: Timestamp
  readonly warnings: readonly CertificateWarning[]
}

export interface ShownContainer extends JudgedContainer {
  readonly id: ContainerId
  readonly now: Timestamp
}

/** What is known of stored certificates without opening any: read from payloads when they came (ADR 0041). */
export class Certificates {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws Fault('notFound') */
  async lookUpSecret(id: SecretId | undefined): Promise<void> {
    await findSecretFacts(this.#parts, id)
  }

  /** @throws Fault('notFound') */
  async lookUpContainer(id: ContainerId | undefined): Promise<void> {
    await findContainer(this.#parts, id)
  }

  /** GET /v1/secrets/{id}/certificate. Whoever may read the metadata of the secret may read this. */
  async ofSecret(ctx: RequestContext, id: SecretId | undefined): Promise<ShownFacts> {
    const { policy, certificates, clock } = this.#parts
    const { record } = policy.authorize(ctx, 'secret:get', await findSecretFacts(this.#parts, id))
    const facts = (await certificates.ofSecrets([record.id])).get(record.id)
    if (facts === undefined) {
      throw new Fault('notFound', `Nothing is known of a certificate in secret ${record.id}.`)
    }
    const now = clock.now()
    return { facts, now, warnings: judgePayload(facts, now) }
  }

  /**
   * GET /v1/containers/{id}/certificate. A container opens no secret: whoever asks must be allowed to read the
   * metadata of each that is looked at.
   */
  async ofContainer(ctx: RequestContext, id: ContainerId | undefined): Promise<ShownContainer> {
    const { policy, certificates, clock } = this.#parts
    const found = await findContainer(this.#parts, id)
    const { record } = policy.authorize(ctx, 'container:get', found)
    if (record.type !== 'certificate') {
      throw new Fault(
        'notFound',
        `Container ${record.id} is of type ${record.type}, not certificate.`,
      )
    }
    const now = clock.now()
    const ids = new Map<string | null, SecretId>()
    for (const { name, secretId, isGone } of record.members) {
      if (!isGone && (await this.#isReadable(ctx, secretId, now))) ids.set(name, secretId)
    }
    const facts = await certificates.ofSecrets([...ids.values()])
    const member = (name: string): Member | undefined => {
      const secretId = ids.get(name)
      return secretId && (facts.get(secretId) ?? 'unknown')
    }
    const judged = judgeContainer(
      {
        certificate: member('certificate'),
        privateKey: member('private_key'),
        intermediates: member('intermediates'),
      },
      now,
    )
    return { id: record.id, now, ...judged }
  }

  /** False: it expired, so it is not there. @throws Fault('forbidden') */
  async #isReadable(ctx: RequestContext, id: SecretId, now: Timestamp): Promise<boolean> {
    const { secrets, integrity, policy } = this.#parts
    const secret = await integrity.verified(await secrets.facts(id))
    if (secret === undefined || isExpired(secret, now)) return false
    policy.authorize(ctx, 'secret:get', secret)
    return true
  }
}

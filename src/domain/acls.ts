import type { Clock } from '../lib/clock.ts'
import type { Acl } from '../model/acl.ts'
import type { Container } from '../model/container.ts'
import type { Stored, Verified } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { Secret } from '../model/secret.ts'
import type { RecordRuleName } from '../policy/defaultRules.ts'
import type { Policy } from '../policy/policy.ts'
import type { AclTerms, NewAcl } from './newAcl.ts'
import type { Changed } from './ports/changes.ts'
import type { Integrity, KeyCache } from './ports/crypto.ts'
import { Turns } from './turns.ts'
import { untilFresh } from './untilFresh.ts'

/** What carries an ACL. */
export type Shared = Secret | Container

/** Where one kind of it is found and kept, and which rules speak about its ACLs. */
export interface AclParent<T extends Shared> {
  /** @throws Fault('notFound') */
  find(id: T['id'] | undefined): Promise<Verified<T>>
  replaceAcl(verifiedMac: Uint8Array, record: Stored<T>): Promise<Changed | 'keyGone'>
  readonly rules: {
    readonly read: RecordRuleName<T['kind']>
    readonly change: RecordRuleName<T['kind']>
    readonly remove: RecordRuleName<T['kind']>
  }
}

interface Parts<T extends Shared> {
  readonly parent: AclParent<T>
  readonly integrity: Integrity
  readonly keyCache: KeyCache
  readonly policy: Policy
  readonly clock: Clock
}

/**
 * Who may read a secret or a container besides its project, and whether that project may (contract 06).
 * An ACL never decides about itself: its rules see project and creator alone (Q48).
 */
export class Acls<T extends Shared> {
  readonly #parts: Parts<T>
  readonly #turns = new Turns()

  constructor(parts: Parts<T>) {
    this.#parts = parts
  }

  /** Is the parent there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: T['id'] | undefined): Promise<void> {
    await this.#parts.parent.find(id)
  }

  /** GET .../acl; null: there is none, which is an answer as well. */
  async read(ctx: RequestContext, id: T['id'] | undefined): Promise<Acl | null> {
    return (await this.#authorized(ctx, id, 'read')).acl
  }

  /** PUT .../acl: what is not said is as without an ACL, and nothing said removes it. */
  async replace(
    ctx: RequestContext,
    id: T['id'] | undefined,
    readInput: () => Promise<NewAcl>,
  ): Promise<void> {
    const record = await this.#authorized(ctx, id, 'change')
    const { read } = await readInput()
    await this.#change(ctx, record.id, 'change', () => read ?? 'none')
  }

  /** PATCH .../acl: what is not said stays. */
  async amend(
    ctx: RequestContext,
    id: T['id'] | undefined,
    readInput: () => Promise<NewAcl>,
  ): Promise<void> {
    const record = await this.#authorized(ctx, id, 'change')
    const { read } = await readInput()
    if (read === undefined) return
    await this.#change(ctx, record.id, 'change', (present) => amended(present, read))
  }

  /** DELETE .../acl, also when there is none. */
  async remove(ctx: RequestContext, id: T['id'] | undefined): Promise<void> {
    const record = await this.#authorized(ctx, id, 'remove')
    await this.#change(ctx, record.id, 'remove', () => 'none')
  }

  async #authorized(
    ctx: RequestContext,
    id: T['id'] | undefined,
    what: keyof AclParent<T>['rules'],
  ): Promise<Verified<T>> {
    const { parent, policy } = this.#parts
    return policy.authorize(ctx, parent.rules[what], await parent.find(id)).record
  }

  /** Read and judged anew in its turn: those before it, and a slow body, may have changed everything. */
  async #change(
    ctx: RequestContext,
    id: T['id'],
    what: 'change' | 'remove',
    decide: (present: Acl | null) => AclTerms | 'none',
  ): Promise<void> {
    const { parent, integrity, keyCache } = this.#parts
    await this.#turns.take(id, () =>
      untilFresh(async () => {
        const record = await this.#authorized(ctx, id, what)
        const terms = decide(record.acl)
        if (terms === 'none' && record.acl === null) return { done: true }
        const { rowMac } = record
        const next = await integrity.protect(this.#withAcl(record, terms), rowMac)
        const outcome = await parent.replaceAcl(rowMac, next)
        if (outcome === 'keyGone') keyCache.purge(record.projectId)
        return outcome === 'changed' ? { done: true } : undefined
      }),
    )
  }

  #withAcl(record: T, terms: AclTerms | 'none'): T {
    const now = this.#parts.clock.now()
    if (terms === 'none') return { ...record, updatedAt: now, acl: null }
    const acl: Acl = {
      projectAccess: terms.projectAccess ?? true,
      users: terms.users ?? [],
      createdAt: record.acl?.createdAt ?? now,
      updatedAt: now,
    }
    return { ...record, updatedAt: now, acl }
  }
}

function amended(present: Acl | null, terms: AclTerms): AclTerms {
  return {
    projectAccess: terms.projectAccess ?? present?.projectAccess,
    users: terms.users ?? present?.users,
  }
}

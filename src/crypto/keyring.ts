import { randomBytes } from 'node:crypto'
import type { Alarms, KeyCache } from '../domain/ports/crypto.ts'
import type { ProjectKeyRepository, ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault, isUnavailable, overloaded } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import { type ActiveTerm, detachedTerm, takeWrap } from './activeTerms.ts'
import type { KekCalls } from './kekCalls.ts'
import { type Active, type Current, type KekStoreInUse, KekStoresInUse } from './kekStoresInUse.ts'
import { HIT, type KeyringEvent, MISS, type NewTermReason, STALE } from './keyringEvent.ts'
import type { KeyringParts } from './keyringParts.ts'
import type { ProjectKey } from './projectKey.ts'
import { type CachedProjectKey, cacheName, ProjectKeyCache } from './projectKeyCache.ts'
import { ProjectKeyMaker } from './projectKeyMaker.ts'
import { WrapLeave } from './wrapLeave.ts'

/** How soon a background fetch, or a term that is due by age, is tried again after a failure. */
const RETRY_MS = 5_000

/**
 * Unwrapped project keys: kept for a while, made on a project's first write, followed by the next term
 * when their count or age asks for it. What is at hand is answered without a promise.
 */
export class Keyring implements KeyCache {
  readonly #projectKeys: ProjectKeyRepository
  readonly #clock: Clock
  readonly #alarms: Alarms
  readonly #onEvent: ((event: KeyringEvent) => void) | undefined
  readonly #storeChoice: KeyringParts['storeChoice']
  readonly #kekStores: KekStoresInUse
  /** For who moves project keys from KEK to KEK, as well. */
  readonly maker: ProjectKeyMaker
  readonly #cache: ProjectKeyCache
  readonly #fetches = new SingleFlight<string, ProjectKey | undefined>()
  readonly #leave: WrapLeave
  /** Counts purges: what was fetched across one is used, but not kept. */
  #purges = 0

  constructor(parts: KeyringParts) {
    const { kekStores, clock, alarms, limits, deploymentId, onEvent, random = randomBytes } = parts
    this.#projectKeys = parts.projectKeys
    this.#clock = clock
    this.#alarms = alarms
    this.#onEvent = onEvent
    this.#storeChoice = parts.storeChoice
    this.#kekStores = new KekStoresInUse({ kekStores, clock, limits, onEvent })
    this.maker = new ProjectKeyMaker({
      kekStores: this.#kekStores,
      deploymentId,
      clock,
      alarms,
      random,
    })
    this.#cache = new ProjectKeyCache({ clock, ...limits })
    this.#leave = new WrapLeave({
      projectKeys: this.#projectKeys,
      limits,
      nextTerm: async (store, { projectId, term }) => {
        await this.#startTerm(store, projectId, term + 1, 'count')
      },
    })
  }

  /**
   * The key of this id; undefined when its row is gone.
   * @throws Fault('notFound') when its project was deleted, and the key destroyed
   * @throws Fault('corrupted') when the row is damaged; the alarm was raised
   * @throws Fault('unavailable') when it is not at hand and the KEK store is away
   */
  find(id: ProjectKeyId): ProjectKey | Promise<ProjectKey | undefined> {
    const name = cacheName(id)
    return this.#atHand(name, id) ?? this.#fetchOrStale(name, () => this.#fetch(name, id))
  }

  /** The same where that takes no fetching. @throws Fault('overloaded') where it does */
  findAtHand(id: ProjectKeyId): ProjectKey {
    const key = this.#atHand(cacheName(id), id)
    if (key === undefined) throw overloaded()
    return key
  }

  /** The key a project's new records are protected under; made when there is none yet. */
  active(projectId: ProjectId): ProjectKey | Promise<ProjectKey> {
    const current = this.#current(projectId)
    return current instanceof Promise ? current.then(({ key }) => key) : current.key
  }

  /** The same in the KEK store of the key `id`: a record that changes stays where it is. */
  async activeBeside(id: ProjectKeyId, projectId: ProjectId): Promise<ProjectKey> {
    const present = await this.find(id)
    return present === undefined ? this.active(projectId) : this.activeIn(present.store, projectId)
  }

  /** The same in a KEK store by its name. */
  async activeIn(store: string, projectId: ProjectId): Promise<ProjectKey> {
    return (await this.#currentIn(store, projectId)).key
  }

  /** As `activeBeside`, with leave to wrap one DEK under it: for what is made on behalf of a record, by nobody's token. */
  async activeForWrapBeside(id: ProjectKeyId, projectId: ProjectId): Promise<ProjectKey> {
    const present = await this.find(id)
    if (present === undefined) return this.activeForWrap(projectId)
    return this.activeForWrapIn(present.store, projectId)
  }

  /** As `activeIn`, with leave to wrap one DEK under it. */
  activeForWrapIn(store: string, projectId: ProjectId): Promise<ProjectKey> {
    const current = () => this.#currentIn(store, projectId)
    return this.#leave.take(current(), current)
  }

  /** The term behind this row's, unless another has followed it already. */
  async startNextTerm(row: ProjectKeyRow): Promise<void> {
    const store = this.#kekStores.present(row.store)
    const why = this.#storeChoice.whyNoKey?.(row.projectId, store.name, true)
    if (why !== undefined) {
      throw new Fault(
        'conflict',
        `No next term in ${store.name}: ${why}; move what is there first.`,
      )
    }
    await store.renewals.run(row.projectId, () =>
      this.#startTerm(store, row.projectId, row.term + 1, 'demand'),
    )
  }

  /** Asks the database again which terms a project writes under; the keys themselves stay. */
  refreshTerms(projectId: ProjectId): void {
    for (const store of this.#kekStores) store.terms.forget(projectId)
  }

  /** As `active`, with leave to wrap one DEK under it. */
  activeForWrap(projectId: ProjectId): ProjectKey | Promise<ProjectKey> {
    const current = this.#current(projectId)
    if (!(current instanceof Promise) && takeWrap(current.active)) return current.key
    return this.#leave.take(current, () => this.#current(projectId))
  }

  /** Forgets all keys of a project: after rotation, deletion, or when its active key turned out to be gone. */
  purge(projectId: ProjectId): void {
    this.#purges += 1
    for (const store of this.#kekStores) store.terms.forget(projectId)
    this.#cache.dropProject(projectId)
  }

  /** A KEK store was unsealed: nobody waits until it is asked again. */
  storeIsBack(name: string): void {
    this.#kekStores.present(name).calls.isBack()
  }

  /** Drops every key from memory: a KEK store was sealed. */
  forgetAll(): void {
    this.#purges += 1
    this.#cache.clear()
  }

  #atHand(name: string, id: ProjectKeyId): ProjectKey | undefined {
    const entry = this.#cache.get(name)
    if (entry === undefined) return undefined
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= entry.refreshAtMs) {
      const isStale = nowMs >= entry.expiresAtMs
      if (isStale && (nowMs >= entry.deadAtMs || !this.#callsOf(entry).isDown())) return undefined
      this.#refresh(name, id, entry, nowMs)
      this.#onEvent?.(isStale ? STALE : HIT)
      return entry.key
    }
    this.#onEvent?.(HIT)
    return entry.key
  }

  #refresh(name: string, id: ProjectKeyId, entry: CachedProjectKey, nowMs: number): void {
    if (nowMs < entry.nextTryAtMs || !this.#callsOf(entry).admitsProbe()) return
    entry.nextTryAtMs = nowMs + RETRY_MS
    // Nobody waits: events and alarms tell what failed, and who finds the entry too old asks again.
    this.#fetches.run(name, () => this.#fetch(name, id)).catch(() => undefined)
  }

  async #fetchOrStale(
    name: string,
    fetch: () => Promise<ProjectKey | undefined>,
  ): Promise<ProjectKey | undefined> {
    this.#onEvent?.(MISS)
    const entry = this.#cache.get(name)
    try {
      return await this.#fetches.run(name, fetch)
    } catch (cause) {
      const mayServe = entry !== undefined && this.#clock.monotonicMs() < entry.deadAtMs
      if (!mayServe || !isUnavailable(cause)) throw cause
      this.#onEvent?.(STALE)
      return entry.key
    }
  }

  async #fetch(name: string, id: ProjectKeyId): Promise<ProjectKey | undefined> {
    const purges = this.#purges
    const row = await this.#projectKeys.find(id)
    if (row === undefined || row.state === 'destroying') this.#cache.drop(name)
    return row && this.#unwrap(row, purges)
  }

  async #unwrap(row: ProjectKeyRow, purges: number): Promise<ProjectKey> {
    const sinceMs = this.#clock.monotonicMs()
    const key = await this.maker.unwrap(row)
    if (purges === this.#purges) this.#cache.put(key, sinceMs)
    return key
  }

  #current(projectId: ProjectId): Current {
    const name = this.#storeChoice.of(projectId)
    if (typeof name !== 'string') return name.then((it) => this.#currentIn(it, projectId))
    return this.#currentIn(name, projectId)
  }

  #currentIn(storeName: string, projectId: ProjectId): Current {
    const store = this.#kekStores.present(storeName)
    const active = store.terms.fresh(projectId)
    const key = active && this.#atHand(cacheName(active.id), active.id)
    if (active !== undefined && key !== undefined) return { store, active, key }
    return store.renewals.run(projectId, () => this.#renew(store, projectId))
  }

  async #renew(store: KekStoreInUse, projectId: ProjectId): Promise<Active> {
    const purges = this.#purges
    const row = await this.#projectKeys.active(projectId, store.name)
    const why = this.#storeChoice.whyNoKey?.(projectId, store.name, row !== undefined)
    if (row === undefined) {
      if (why === undefined) return this.#startTerm(store, projectId, 1, 'first')
      // It was moved away from here, or is to be: its records go on where all that is new of it goes.
      return this.#current(projectId)
    }
    // A bound project's old term elsewhere serves until its records are moved: no next one follows.
    if (why !== undefined || !store.terms.isOld(row)) return this.#use(store, row, purges)
    try {
      return await this.#startTerm(store, projectId, row.term + 1, 'age')
    } catch (cause) {
      if (!isUnavailable(cause)) throw cause
      // Age is a habit, not a limit: the old term serves until the KEK store is back.
      return this.#use(store, row, purges, RETRY_MS)
    }
  }

  async #use(
    store: KekStoreInUse,
    row: ProjectKeyRow,
    purges: number,
    atMostMs?: number,
  ): Promise<Active> {
    const name = cacheName(row.id)
    const unwrap = () => this.#unwrap(row, purges)
    // A flight joined may be that of a reader who found the row gone; we have it in hand.
    const key =
      this.#atHand(name, row.id) ?? (await this.#fetchOrStale(name, unwrap)) ?? (await unwrap())
    return { store, active: this.#remember(store, row, purges, atMostMs), key }
  }

  async #startTerm(
    store: KekStoreInUse,
    projectId: ProjectId,
    term: number,
    reason: NewTermReason,
  ): Promise<Active> {
    const purges = this.#purges
    const sinceMs = this.#clock.monotonicMs()
    const { row, key } = await this.maker.make(store.calls, projectId, term)
    const inForce = await this.#projectKeys.activate(row)
    if (typeof inForce === 'object' && 'nextTerm' in inForce) {
      return this.#startTerm(store, projectId, inForce.nextTerm, 'first')
    }
    if (inForce === 'orphans') throw this.#gone(projectId)
    if (inForce === 'deleted') throw new Fault('forbidden', 'The project was deleted.')
    if (inForce.term < term) throw new Error(`Term ${term} began, but ${inForce.term} is active.`)
    // Another node was faster; its key is the one.
    if (Buffer.compare(inForce.id, row.id) !== 0) return this.#use(store, inForce, purges)
    if (purges === this.#purges) this.#cache.put(key, sinceMs)
    this.#onEvent?.({ kind: 'newTerm', projectId, store: store.name, term, reason })
    return { store, active: this.#remember(store, row, purges), key }
  }

  #remember(
    store: KekStoreInUse,
    row: ProjectKeyRow,
    purges: number,
    atMostMs?: number,
  ): ActiveTerm {
    return purges === this.#purges ? store.terms.remember(row, atMostMs) : detachedTerm(row)
  }

  #callsOf({ key }: CachedProjectKey): KekCalls {
    return this.#kekStores.present(key.store).calls
  }

  #gone(projectId: ProjectId): Fault {
    const what = 'project key is gone while records that need it remain'
    this.#alarms.integrity({ what, kind: 'project-key', id: 'unknown', projectId })
    return new Fault('corrupted', `Project ${projectId}: ${what}.`)
  }
}

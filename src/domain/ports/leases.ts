/** A lease as somebody saw it. */
export interface LeaseSeen {
  /** null: it was given back. */
  readonly owner: string | null
  /** Goes up with every change. While it stands still, its holder is dead or cut off. */
  readonly beat: number
}

/** Work that one node does at a time (ADR 0029). Every method may throw Fault('unavailable'). */
export interface LeaseRepository {
  look(name: string): Promise<LeaseSeen | undefined>
  /** False: somebody else was faster. `seen` is undefined where there was no such lease yet. */
  take(name: string, owner: string, seen: LeaseSeen | undefined): Promise<boolean>
  /** False: it is somebody else's by now, and whoever held it must stop. */
  beat(name: string, owner: string): Promise<boolean>
  release(name: string, owner: string): Promise<void>
}

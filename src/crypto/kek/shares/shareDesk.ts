import type { KeyObject } from 'node:crypto'
import { isDealt, keyOf, type ShareScheme } from './shareScheme.ts'
import { type Share, ShareRefused } from './shareText.ts'

export interface ShareDeskParts {
  /** What the file says now: its shares may have been dealt anew. */
  readonly readScheme: () => Promise<ShareScheme>
}

export interface ShareProgress {
  readonly set: string
  readonly threshold: number
  readonly have: number
}

/** Who brought a share and is not followed by others in this time brings it again. */
const FORGET_AFTER_MS = 60 * 60_000

/** Where the shares of one keyring are brought, until there are enough. */
export class ShareDesk {
  readonly #parts: ShareDeskParts
  readonly #shares = new Map<number, Share>()
  #set: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: ShareDeskParts) {
    this.#parts = parts
  }

  async progress(): Promise<ShareProgress> {
    const { set, threshold } = await this.#scheme()
    return { set, threshold, have: this.#shares.size }
  }

  /**
   * Keeps the share, or wipes it. One that is here already changes nothing.
   * @returns the key, once there are enough; they are forgotten with it
   * @throws ShareRefused
   */
  async take(share: Share): Promise<KeyObject | undefined> {
    const scheme = await this.#scheme()
    if (share.set !== scheme.set) {
      share.value.fill(0)
      throw new ShareRefused(
        `This share belongs to ${share.set}: to another keyring, or to this one before its shares were dealt anew. Shares of ${scheme.set} are wanted.`,
      )
    }
    if (!isDealt(scheme, share)) {
      share.value.fill(0)
      throw new ShareRefused('This share is not one that was dealt. It is not taken.')
    }
    if (this.#shares.has(share.index)) share.value.fill(0)
    else this.#shares.set(share.index, share)
    this.#forgetLater()
    if (this.#shares.size < scheme.threshold) return undefined
    try {
      return keyOf(this.#shares.values())
    } finally {
      this.reset()
    }
  }

  /** Forgets what was brought. */
  reset(): void {
    clearTimeout(this.#timer)
    for (const { value } of this.#shares.values()) value.fill(0)
    this.#shares.clear()
  }

  async #scheme(): Promise<ShareScheme> {
    const scheme = await this.#parts.readScheme()
    if (this.#set !== scheme.set) this.reset()
    this.#set = scheme.set
    return scheme
  }

  #forgetLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.reset(), FORGET_AFTER_MS).unref()
  }
}

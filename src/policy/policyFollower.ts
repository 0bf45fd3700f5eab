import type { CompiledRules } from './compiledRules.ts'
import type { Policy } from './policy.ts'
import type { PolicyFiles } from './policyFiles.ts'

export interface PolicyFollowerParts {
  readonly files: PolicyFiles
  readonly policy: Policy
  readonly onReloaded: (rules: CompiledRules, files: readonly string[]) => void
  /** The last good policy stays in force. */
  readonly onBroken: (reason: string) => void
  readonly everySeconds?: number
}

/** Looks at the policy files now and then, and hands new rules to the policy. Never keeps the process alive. */
export class PolicyFollower {
  readonly #parts: PolicyFollowerParts
  #timer: NodeJS.Timeout | undefined

  constructor(parts: PolicyFollowerParts) {
    this.#parts = parts
  }

  start(): void {
    const everyMs = (this.#parts.everySeconds ?? 2) * 1000
    let isLooking = false
    this.#timer = setInterval(() => {
      if (isLooking) return
      isLooking = true
      void this.look().finally(() => {
        isLooking = false
      })
    }, everyMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** One look, also for SIGHUP and tests. Never rejects. */
  async look(): Promise<void> {
    const { files, policy, onReloaded, onBroken } = this.#parts
    const outcome = await files.reload()
    if (outcome.kind === 'broken') onBroken(outcome.reason)
    if (outcome.kind === 'reloaded') {
      policy.replaceRules(outcome.rules)
      onReloaded(outcome.rules, outcome.files)
    }
  }
}

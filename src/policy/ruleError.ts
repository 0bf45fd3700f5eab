/** A rule that cannot be enforced as written. The message says which, and why, in an operator's words. */
export class RuleError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RuleError'
  }
}

export interface StartupRefusalOptions {
  readonly exitCode?: number
  readonly cause?: unknown
}

/** A reason not to start. `message` is one sentence for the operator: what was found, what is wanted. */
export class StartupRefusal extends Error {
  readonly exitCode: number

  constructor(message: string, options: StartupRefusalOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StartupRefusal'
    this.exitCode = options.exitCode ?? 1
  }
}

/** Why the process of an HSM does not do what it was asked, in a sentence for the operator. */
export class HsmRefusal extends Error {
  readonly isPin: boolean

  constructor(
    message: string,
    { isPin = false, cause }: { isPin?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HsmRefusal'
    this.isPin = isPin
  }
}

/** What should open does not, and it is not the HSM's fault. */
export class DoesNotOpen extends Error {}

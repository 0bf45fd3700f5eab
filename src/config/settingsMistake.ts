/** One thing wrong with the configuration, in words an operator can act on. */
export interface Mistake {
  /** `/etc/gatehouse/gatehouse.conf:12`, `environment OS_DEFAULT__BIND_PORT`, `command line`. */
  readonly where: string
  readonly what: string
}

/** The configuration cannot be used; all that is wrong with it, at once. */
export class SettingsRefused extends Error {
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ where, what }) => `${where}: ${what}`).join('\n'))
    this.name = 'SettingsRefused'
    this.mistakes = mistakes
  }
}

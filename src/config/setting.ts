import type { ValueKind } from './valueKinds.ts'

/** Facts about where the process runs; `main.ts` finds them out, nobody below asks again. */
export interface Place {
  /** The folder that holds package.json. */
  readonly packageRoot: string
  /** Is that folder a source tree somebody cloned, or an installed package? */
  readonly isClone: boolean
  /** systemd's $STATE_DIRECTORY. */
  readonly stateDirectory: string | undefined
  /** systemd's $CREDENTIALS_DIRECTORY. */
  readonly credentialsDirectory: string | undefined
  /** A variable of the environment that is not ours to name: what libraries of HSMs look for. */
  variable?(name: string): string | undefined
}

/** What a default may depend on. */
export interface Given {
  readonly place: Place
  readonly statePath: string
  readonly bindHost: string
  readonly bindPort: number
  /** Folders of the configuration files in use, the last one first. */
  readonly configFolders: readonly string[]
  exists(path: string): boolean
  /** The text given for an option, undefined when it keeps its default. */
  text(section: string, option: string): string | undefined
}

/** One option: all that is known about it, so that loader, sample file and documentation agree. */
export interface Setting<T> {
  readonly explanation: string
  readonly kind: ValueKind<T>
  /** `describes` is what the documentation says where the value itself depends on the machine. */
  readonly fallback: { of(given: Given): T; readonly describes: string | undefined }
  /** 'whole': never shown. 'url': shown without the password. */
  readonly secret: 'no' | 'whole' | 'url'
  /** Older names that still work, `section.option`. */
  readonly oldNames: readonly string[]
  /** Turns a value that stands for something, such as a relative path, into what it stands for. */
  settle(value: T, given: Given): T
  /** Set for options that are taken and then not used: what the start says about them. */
  readonly unused: string | undefined
}

interface Words<T> {
  readonly explanation: string
  readonly kind: ValueKind<T>
  readonly secret?: 'no' | 'whole' | 'url'
  readonly oldNames?: readonly string[]
  settle?(value: T, given: Given): T
  readonly unused?: string
}

/** With a default that is the same everywhere. */
export function setting<T>(words: Words<T> & { readonly default: NoInfer<T> }): Setting<T> {
  const value = words.default
  return completed(words, { of: () => value, describes: undefined })
}

/** Undefined when nobody gives it. */
export function optionalSetting<T>(words: Words<T>): Setting<T | undefined> {
  return completed<T | undefined>(settlingIfThere(words), {
    of: () => undefined,
    describes: undefined,
  })
}

function settlingIfThere<T>(words: Words<T>): Words<T | undefined> {
  const { settle } = words
  return {
    ...words,
    kind: words.kind as ValueKind<T | undefined>,
    settle: (value, given) =>
      value === undefined || settle === undefined ? value : settle(value, given),
  }
}

interface Derivation<D> {
  /** The default in words, for the documentation. */
  readonly describes: string
  readonly derive: (given: Given) => D
}

/** With a default that depends on the machine or on other settings. */
export function derivedSetting<T>(words: Words<T> & Derivation<NoInfer<T>>): Setting<T> {
  return completed(words, { of: words.derive, describes: words.describes })
}

/** The same where even the derived default may be missing. */
export function derivedOptionalSetting<T>(
  words: Words<T> & Derivation<NoInfer<T> | undefined>,
): Setting<T | undefined> {
  return completed<T | undefined>(settlingIfThere(words), {
    of: words.derive,
    describes: words.describes,
  })
}

function completed<T>(words: Words<T>, fallback: Setting<T>['fallback']): Setting<T> {
  const { settle } = words
  return {
    explanation: words.explanation,
    kind: words.kind,
    fallback,
    secret: words.secret ?? 'no',
    oldNames: words.oldNames ?? [],
    settle: (value, given) => (settle === undefined ? value : settle(value, given)),
    unused: words.unused,
  }
}

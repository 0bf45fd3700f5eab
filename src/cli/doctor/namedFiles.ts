import { isAbsolute } from 'node:path'
import type { LoadedSettings } from '../../config/loadSettings.ts'

interface NamedFile {
  /** `[ssl] cert_file`. */
  readonly label: string
  readonly section: string
  readonly path: string
  /** By its option's name; what holds a private key is one anyway. */
  readonly isSecret: boolean
}

/** What an option with such a name says where to find. */
const SECRET = /(passphrase|password|pin|secret|token|key|credential)\w*_file$|^keyfile$/
const FILE = /file$|^file$/

/** Every file that an option names, in whatever section: those of a KEK store that is new here as well. */
export function namedFiles(loaded: LoadedSettings): readonly NamedFile[] {
  return loaded.options.flatMap(({ section, name }) => {
    const value = loaded.optionValue(section, name)
    if (!FILE.test(name) || typeof value !== 'string' || !isAbsolute(value)) return []
    const isSecret = SECRET.test(name) || section.split(':', 1)[0] === 'keyring'
    return [{ label: `[${section}] ${name}`, section, path: value, isSecret }]
  })
}

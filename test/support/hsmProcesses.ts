import { readdirSync, readFileSync } from 'node:fs'

/** The processes that talk to an HSM for this one, or for those it started. */
export function hsmProcessesOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, state, parentOf] =
          /\) (\S) (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return state !== 'Z' && Number(parentOf) === parent && command.includes('pkcs11Child')
      } catch {
        // It ended while we looked.
        return false
      }
    })
}

import { getFips } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { PRIMITIVES } from '../../crypto/primitives.ts'
import { tryPrimitives } from '../../crypto/selfTest.ts'
import { primitivesOfSettings } from '../primitivesOfSettings.ts'
import { type Check, error, type Finding, fine, type Patient, warning } from './finding.ts'

/** What `Max core file size` of /proc/self/limits looks like when nothing is written. */
const NO_CORE = /^Max core file size\s+0\s/m

/** Node, its OpenSSL, and what could bring keys from memory to a disk. Wants no settings. */
export const machineCheck: Check = {
  name: 'machine',
  look: async () => [
    fine(
      `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, FIPS ${getFips() === 1 ? 'on' : 'off'}`,
    ),
    ...(await coreFindings()),
    ...(await swapFindings()),
  ],
}

/** Every primitive, with how long it took; those that these settings do not call are only worth a look. */
export const primitivesCheck: Check = {
  name: 'self-tests',
  async look({ settings, clock }: Patient) {
    const needed = new Set(primitivesOfSettings(settings).map(({ name }) => name))
    const results = await tryPrimitives(PRIMITIVES, () => clock.monotonicMs())
    const failed = results.flatMap(({ name, trouble }) => {
      if (trouble === undefined) return []
      const todo = 'Use another Node, or mend its OpenSSL configuration (docs/fips.md).'
      return [needed.has(name) ? error(trouble, todo) : warning(trouble, todo)]
    })
    const ms = results.reduce((sum, result) => sum + result.ms, 0)
    const done = results.length - failed.length
    return [
      fine(`${done} of ${results.length} do what they should, in ${Math.ceil(ms)} ms`),
      ...failed,
    ]
  },
}

async function coreFindings(): Promise<readonly Finding[]> {
  const limits = await textOf('/proc/self/limits')
  if (limits === undefined) return [fine('core dumps cannot be looked at on this system')]
  if (NO_CORE.test(limits)) return [fine('no core is dumped')]
  return [
    warning(
      'Core dumps are allowed here: a crash may write keys to a disk.',
      'Run the server with LimitCORE=0 (systemd) or `ulimit -c 0`; this is the limit of this shell, and a unit has its own.',
    ),
  ]
}

async function swapFindings(): Promise<readonly Finding[]> {
  const swaps = await textOf('/proc/swaps')
  if (swaps === undefined) return [fine('swap cannot be looked at on this system')]
  const names = swaps
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s/, 1).filter(Boolean))
  // What is compressed in memory never leaves it.
  const onDisk = names.filter((name) => !/^\/dev\/zram/.test(name))
  if (onDisk.length === 0) return [fine('nothing is swapped to a disk')]
  return [
    warning(
      `Memory may be swapped to ${onDisk.join(', ')}, keys and payloads with it.`,
      'Switch it off, encrypt it, or run the server with MemorySwapMax=0 (systemd).',
    ),
  ]
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

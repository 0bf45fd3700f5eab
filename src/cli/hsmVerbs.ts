import { randomBytes } from 'node:crypto'
import type { Settings } from '../config/settingsTable.ts'
import { canaryContext } from '../crypto/associatedData.ts'
import { withDeadline } from '../crypto/deadline.ts'
import type { KeptKekStore } from '../crypto/kek/keptKekStore.ts'
import type { HsmKek, HsmProbe, ProbedToken } from '../crypto/kek/pkcs11/hsmMessages.ts'
import { HsmProcess } from '../crypto/kek/pkcs11/hsmProcess.ts'
import { profileOf } from '../crypto/kek/pkcs11/hsmProfiles.ts'
import { hsmConnection, openPkcs11 } from '../crypto/kek/pkcs11/openPkcs11.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import { systemClock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { deploymentState } from './deploymentState.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { environmentOf, type Pkcs11Settings, pkcs11Request } from './pkcs11OfSettings.ts'

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

export interface ProbeOptions {
  readonly library?: string
}

export interface StoreOption {
  /** `pkcs11:NAME`, where there are several. */
  readonly store?: string
}

const PROBE_TIMEOUT_MS = 30_000

/** `gatehouse hsm probe`: what a library shows without a PIN, and what of it a KEK store could use. */
export async function hsmProbe(
  { pkcs11 }: Settings,
  { library = pkcs11.library_path }: ProbeOptions,
): Promise<Report> {
  if (library === undefined) {
    throw new StartupRefusal('Name a PKCS#11 library: --library PATH, or [pkcs11] library_path.', {
      exitCode: EXIT_CODES.usage.code,
    })
  }
  const process = new HsmProcess(environmentOf(pkcs11))
  try {
    const request = { verb: 'probe', addon: pkcs11.addon, libraryPath: library } as const
    const { value } = await process.ask(request, [], PROBE_TIMEOUT_MS)
    // Written by our own process.
    return probeReport(library, value as HsmProbe)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StartupRefusal(`${library} cannot be probed: ${why}`, { cause })
  } finally {
    process.kill()
  }
}

function probeReport(path: string, { library, manufacturer, tokens }: HsmProbe): Report {
  const lines = [`library  ${path} (${library}, ${manufacturer})`, '']
  const usable = tokens.filter(({ isInitialized }) => isInitialized)
  if (usable.length === 0) {
    return { text: [...lines, 'There is no initialized token.'].join('\n'), reason: 'refused' }
  }
  lines.push(
    ...table([
      ['token', 'serial number', 'slot', 'PIN', 'wraps by', 'profile'],
      ...usable.map((token) => [
        token.label,
        token.serial,
        token.slotId,
        token.pin,
        waysOf(token),
        profileText(token),
      ]),
    ]),
  )
  for (const token of usable) lines.push('', ...suggestion(path, token))
  const fits = usable.some((token) => waysOf(token) !== 'nothing it has')
  return { text: lines.join('\n'), reason: fits ? 'done' : 'refused' }
}

/** A section to begin with. */
function suggestion(path: string, token: ProbedToken): readonly string[] {
  const profile = profileOf(token)
  return [
    `# ${token.label}: ${profileText(token)}${profile === undefined ? '' : `; ${profile.why}. ${profile.notes}`}`,
    '[pkcs11]',
    `library_path = ${path}`,
    `token_serial_number = ${token.serial}`,
    `key_wrap_mechanism = ${profile?.mechanism ?? 'auto'}`,
    'mkek_label = ',
    'login_file = ',
  ]
}

function waysOf({ mechanisms }: ProbedToken): string {
  const ways = mechanisms.filter((name) => /GCM|KEY_WRAP/.test(name))
  return ways.join(', ') || 'nothing it has'
}

function profileText(token: ProbedToken): string {
  const profile = profileOf(token)
  if (profile === undefined) return 'unknown'
  return `${profile.name} (${profile.isTested ? 'tested' : 'not tested'})`
}

/** `gatehouse hsm generate-kek`: an AES key that never leaves the token. */
export async function hsmGenerateKek(
  settings: Settings,
  { label, store }: StoreOption & { readonly label: string },
): Promise<Report> {
  // The token alone: its KEK may be the one that is to be made.
  const around = { deployment: undefined, clock: systemClock() }
  const request = { ...pkcs11Request(storeNamed(settings, store), around), labels: [] }
  const connection = hsmConnection({ ...request, isReadWrite: true }, () => undefined)
  try {
    const made = await refusingWith('keys', () =>
      asked(connection.open(), async () =>
        withDeadline(PROBE_TIMEOUT_MS, (signal) =>
          connection.ask({ verb: 'generate', label }, [], signal),
        ),
      ),
    )
    // Written by our own process.
    const kek = made.value as HsmKek
    return {
      text: [
        `An AES key of 256 bits was made in the token: ${label}, fingerprint ${kek.fingerprint}.`,
        `Name it on every node: mkek_label = ${label}, and where it is to follow another one, that one in decrypt_labels;`,
        'reload or restart the nodes, then `gatehouse kek promote`.',
        'Back the token up before anything is wrapped: nobody can make this key a second time.',
      ].join('\n'),
      reason: 'done',
    }
  } finally {
    connection.close()
  }
}

/** `gatehouse hsm check`: what a server would do at its start, and each KEK once there and back. */
export async function hsmCheck(settings: Settings, { store }: StoreOption): Promise<Report> {
  const clock = systemClock()
  const chosen = storeNamed(settings, store)
  const deployment = await deploymentState(settings, clock)
  const request = {
    ...pkcs11Request(chosen, { deployment, clock }),
    patienceMs: 0,
    mayTryPin: true,
  }
  const opened = await refusingWith('keys', () => openPkcs11(request))
  try {
    const { keks, protection } = opened.describe()
    const results: (readonly [string, string, string, string])[] = []
    for (const { id, state, fingerprint } of keks) {
      results.push([
        fingerprint,
        state,
        await roundTrip(opened, id),
        await canary(opened, id, deployment),
      ])
    }
    const isFine = results.every(([, , wraps, proves]) => wraps === 'yes' && proves !== 'NO')
    return {
      text: [
        `store       ${opened.name}`,
        `protection  ${protection}`,
        '',
        ...table([['fingerprint', 'state', 'wraps and unwraps', 'canary'], ...results]),
      ].join('\n'),
      reason: isFine ? 'done' : 'keys',
    }
  } finally {
    await opened.close()
  }
}

async function roundTrip(store: KeptKekStore, kekId: string): Promise<string> {
  const key = randomBytes(32)
  const context = Buffer.from('gatehouse hsm check')
  try {
    return await withDeadline(PROBE_TIMEOUT_MS, async (signal) => {
      const wrapped = await store.wrapUnder(kekId, key, context, signal)
      const opened = Buffer.from(await store.unwrap(wrapped, context, signal))
      const isSame = opened.equals(key)
      opened.fill(0)
      return isSame ? 'yes' : 'NO: another key came back'
    })
  } catch (cause) {
    return `NO: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

async function canary(
  store: KeptKekStore,
  kekId: string,
  deployment: DeploymentState | undefined,
): Promise<string> {
  const row = deployment?.canaries.find(
    ({ store: name, wrapped }) => name === store.name && wrapped.kekId === kekId,
  )
  const id = deployment?.deploymentId
  if (row === undefined || id === undefined)
    return 'none: no server started with this KEK, and it was not promoted'
  try {
    const opened = await withDeadline(PROBE_TIMEOUT_MS, (signal) =>
      store.unwrap(row.wrapped, canaryContext(id, store.name), signal),
    )
    return Buffer.from(opened).equals(Buffer.from(id, 'latin1')) ? 'opens' : 'NO'
  } catch (cause) {
    if (cause instanceof Fault && cause.kind === 'corrupted') return 'NO'
    throw cause
  }
}

function storeNamed({ kekStores, pkcs11 }: Settings, name: string | undefined): Pkcs11Settings {
  const stores = kekStores.filter((one): one is Pkcs11Settings => one.kind === 'pkcs11')
  const found = name === undefined ? stores : stores.filter((one) => one.name === name)
  const [store, another] = found
  if (store !== undefined && another === undefined) return store
  // Before it is switched to, as generate-kek wants it.
  if (stores.length === 0 && name === undefined && pkcs11.library_path !== undefined) {
    return { kind: 'pkcs11', name: 'pkcs11', options: pkcs11 }
  }
  const names = stores.map((one) => one.name).join(', ') || 'none: [pkcs11] library_path is missing'
  throw new StartupRefusal(`--store names one KEK store in an HSM; there are: ${names}.`, {
    exitCode: EXIT_CODES.usage.code,
  })
}

/** What the HSM refuses becomes a sentence of the command. */
async function asked<T>(opening: Promise<unknown>, work: () => Promise<T>): Promise<T> {
  try {
    await opening
    return await work()
  } catch (cause) {
    if (cause instanceof StartupRefusal || !(cause instanceof Error)) throw cause
    throw new StartupRefusal(cause.message, { cause })
  }
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  )
}

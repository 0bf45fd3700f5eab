import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import type { Clock } from '../../../lib/clock.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { withDeadline } from '../../deadline.ts'
import { isAway } from '../isAway.ts'
import { MissingPolicy, TransitClient } from './transitClient.ts'
import { type TransitKekStore, transitKekStore } from './transitKekStore.ts'
import { newestVersion, refuseUnfit } from './transitKey.ts'
import { VaultHttp, type VaultPlace, VaultRefusal } from './vaultHttp.ts'
import { type Later, type VaultLogin, VaultSession } from './vaultSession.ts'

export interface TransitRequestToOpen {
  readonly name: string
  readonly place: VaultPlace
  readonly login: VaultLogin
  readonly mount: string
  readonly keyName: string
  readonly known: readonly KnownKek[]
  readonly clock: Clock
  readonly later?: Later
  /** Of a refusal because Vault is away; 1 unless said. */
  readonly awayExitCode?: number
}

const TIMEOUT_MS = 10_000

/**
 * KEKs in the transit engine of Vault or OpenBao.
 * @throws StartupRefusal with one sentence for whatever keeps them from being used
 */
export async function openTransit(request: TransitRequestToOpen): Promise<TransitKekStore> {
  const { place, login, clock, later, mount, keyName } = request
  const http = new VaultHttp(place)
  const session = new VaultSession({
    http,
    login,
    clock,
    ...(later === undefined ? {} : { later }),
  })
  const client = new TransitClient({ http, session, mount, keyName })
  try {
    return await withDeadline(TIMEOUT_MS, (signal) => open(request, client, signal))
  } catch (cause) {
    client.close()
    throw refusalOf(request, cause)
  }
}

async function open(
  { name, place, mount, keyName, known }: TransitRequestToOpen,
  client: TransitClient,
  signal: AbortSignal,
): Promise<TransitKekStore> {
  const key = await client.readKey(signal)
  refuseUnfit(name, keyName, key)
  if (newestVersion(key) === undefined) {
    throw new StartupRefusal(
      `[${name}] No version of the transit key ${keyName} may encrypt: look at its min_encryption_version.`,
    )
  }
  const store = transitKekStore({
    name,
    client,
    keyName,
    key,
    known,
    place: `${place.url}, ${mount}/keys/${keyName}`,
  })
  if (await store.bindsContext(signal)) return store
  throw new StartupRefusal(
    `[${name}] ${place.url} ignores associated_data: a KEK wants Vault 1.9 or OpenBao.`,
  )
}

function refusalOf(
  { name, place, login, mount, keyName, awayExitCode = 1 }: TransitRequestToOpen,
  cause: unknown,
): StartupRefusal {
  if (cause instanceof StartupRefusal) return cause
  const said = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
  const sentence = (what: string) => new StartupRefusal(`[${name}] ${what}.`, { cause })
  if (cause instanceof VaultRefusal) {
    const isLogin = said.startsWith('auth/')
    if (isLogin) return sentence(`${place.url} does not take our ${login.method}: ${said}`)
    if (cause.status === 404) {
      return sentence(
        `There is no transit key ${keyName} at ${place.url}: make it with \`vault write -f ${mount}/keys/${keyName}\`, or correct key_name and transit_mountpoint (${said})`,
      )
    }
  }
  if (cause instanceof MissingPolicy) return sentence(`${place.url} refuses what we need; ${said}`)
  const exitCode = isAway(cause) ? awayExitCode : 1
  return new StartupRefusal(`[${name}] cannot be used: ${said}.`, { cause, exitCode })
}

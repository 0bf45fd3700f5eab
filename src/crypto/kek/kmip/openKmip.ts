import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import { Fault } from '../../../lib/fault.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { timestampFromMicros } from '../../../lib/timestamp.ts'
import { withDeadline } from '../../deadline.ts'
import { ConfiguredKeks, type NamedKek } from '../configuredKeks.ts'
import { isAway } from '../isAway.ts'
import { type KeptKekStore, keptKekStore } from '../keptKekStore.ts'
import { fingerprintOfUnseen } from '../unseenKek.ts'
import { KmipClient, type KmipClientParts } from './kmipClient.ts'
import { KmipUnreachable } from './kmipConnection.ts'
import { kmipKeeper } from './kmipKeeper.ts'
import { KmipRefusal } from './kmipMessages.ts'
import {
  ALGORITHM_AES,
  type Attribute,
  type KmipVersion,
  MAY_DECRYPT,
  MAY_ENCRYPT,
  OBJECT_SYMMETRIC_KEY,
  STATE_ACTIVE,
  STATE_COMPROMISED,
  STATE_DEACTIVATED,
  stateName,
} from './kmipNames.ts'
import { derivedWrapping, gcmWrapping } from './kmipWrapping.ts'
import type { TtlvValue } from './ttlv.ts'

export interface KmipRequestToOpen extends KmipClientParts {
  readonly name: string
  /** Of the KEK that wraps: a Name attribute, else a unique identifier. */
  readonly keyName: string
  /** Of those that only unwrap what they wrapped once. */
  readonly formerKeyNames: readonly string[]
  readonly known: readonly KnownKek[]
  readonly wrapping: 'aes-gcm' | 'derived'
  /** In the order in which they are wanted. */
  readonly versions: readonly KmipVersion[]
  /** Of a refusal because the server is away; 1 unless said. */
  readonly awayExitCode?: number
}

const TIMEOUT_MS = 10_000
/** What a column takes, and no more than servers use. */
const MAX_ID_LENGTH = 128
const KEK_BITS = 256

/**
 * KEKs at a KMIP server.
 * @throws StartupRefusal with one sentence for whatever keeps them from being used
 */
export async function openKmip(request: KmipRequestToOpen): Promise<KeptKekStore> {
  const client = new KmipClient(request)
  try {
    return await withDeadline(TIMEOUT_MS, (signal) => open(request, client, signal))
  } catch (cause) {
    client.close()
    throw refusalOf(request, cause)
  }
}

async function open(
  request: KmipRequestToOpen,
  client: KmipClient,
  signal: AbortSignal,
): Promise<KeptKekStore> {
  const { name, keyName, formerKeyNames, known, wrapping, versions, place } = request
  const version = await client.agreeOnVersion(versions, signal)
  if (version === undefined) {
    const ours = versions.map((one) => one.name).join(', ')
    throw new StartupRefusal(
      `The KMIP server ${place.host}:${place.port} of [${name}] speaks none of KMIP ${ours}.`,
    )
  }
  if (wrapping === 'aes-gcm' && !version.bindsContext) {
    throw new StartupRefusal(
      `[${name}] wrapping is aes-gcm, which wants KMIP 1.4, and ${version.name} is what the server speaks: set wrapping = derived.`,
    )
  }
  const wanted = await lookUp(request, client, keyName, 'wanted', signal)
  const former: NamedKek[] = []
  for (const formerName of formerKeyNames) {
    former.push(await lookUp(request, client, formerName, 'former', signal))
  }
  const ways = [gcmWrapping(client), derivedWrapping(client)] as const
  const store = keptKekStore({
    name,
    kind: 'kmip',
    keeper: kmipKeeper(client, wrapping === 'aes-gcm' ? ways : [ways[1], ways[0]]),
    keks: new ConfiguredKeks([wanted, ...former], known),
    protection: () =>
      `KMIP ${version.name} server ${place.host}:${place.port}, ${IN_WORDS[wrapping]}`,
  })
  if (await store.bindsContext(signal)) return store
  throw new StartupRefusal(
    `The KMIP server ${place.host}:${place.port} of [${name}] ignores additional authenticated data: set wrapping = derived.`,
  )
}

const IN_WORDS = {
  'aes-gcm': 'AES-GCM there',
  derived: 'AES-GCM here under keys derived there',
} satisfies Record<KmipRequestToOpen['wrapping'], string>

type Role = 'wanted' | 'former'

async function lookUp(
  { name: section, wrapping }: KmipRequestToOpen,
  client: KmipClient,
  keyName: string,
  role: Role,
  signal: AbortSignal,
): Promise<NamedKek> {
  const found = await client.locate(keyName, signal)
  if (found.length > 1) {
    throw new StartupRefusal(
      `[${section}] The KMIP server has ${found.length} objects named ${keyName} (${found.slice(0, 5).join(', ')}): name one of these identifiers instead.`,
    )
  }
  const id = found[0] ?? keyName
  const attributes = await client.attributes(id, signal).catch((cause: unknown) => {
    if (!(cause instanceof KmipRefusal) || found.length > 0) throw cause
    throw new StartupRefusal(
      `[${section}] The KMIP server has no object with the name or identifier ${keyName} that we may see (${cause.message}).`,
      { cause },
    )
  })
  const number = (attribute: Attribute) => numberIn(attributes.get(attribute))
  const wrong = whatIsWrong({
    id,
    objectType: number('objectType'),
    algorithm: number('algorithm'),
    length: number('length'),
    usage: number('usage'),
    lacks: missingUse(number('usage'), wrapping, role),
    state: number('state'),
    mayBeOver: role === 'former',
  })
  if (wrong !== undefined) {
    throw new StartupRefusal(`[${section}] The key ${keyName} at the KMIP server ${wrong}.`)
  }
  const seconds = number('initialDate') ?? 0
  return {
    id,
    createdAt: timestampFromMicros(seconds * 1_000_000),
    fingerprint: fingerprintOfUnseen('kmip', id, String(seconds)),
  }
}

interface KeyAsFound {
  readonly id: string
  readonly objectType: number | undefined
  readonly algorithm: number | undefined
  readonly length: number | undefined
  readonly usage: number | undefined
  readonly lacks: string | undefined
  readonly state: number | undefined
  readonly mayBeOver: boolean
}

/** What a server leaves out is not held against it: the first use will tell. */
function whatIsWrong(key: KeyAsFound): string | undefined {
  if (key.id.length > MAX_ID_LENGTH) return `has an identifier of ${key.id.length} characters`
  if (key.objectType !== undefined && key.objectType !== OBJECT_SYMMETRIC_KEY) {
    return 'is no symmetric key'
  }
  if (key.algorithm !== undefined && key.algorithm !== ALGORITHM_AES) return 'is no AES key'
  if (key.length !== undefined && key.length !== KEK_BITS) {
    return `has ${key.length} bits; a KEK has ${KEK_BITS}`
  }
  if (key.lacks !== undefined) return `may not ${key.lacks} (its Cryptographic Usage Mask)`
  const { state, mayBeOver } = key
  const isUsable =
    state === undefined ||
    state === STATE_ACTIVE ||
    (mayBeOver && (state === STATE_DEACTIVATED || state === STATE_COMPROMISED))
  return isUsable ? undefined : `is ${stateName(state)}; it has to be Active`
}

/** Deriving only ever encrypts. */
function missingUse(
  mask: number | undefined,
  wrapping: KmipRequestToOpen['wrapping'],
  role: Role,
): string | undefined {
  if (mask === undefined) return undefined
  if (role === 'former') {
    return (mask & (MAY_ENCRYPT | MAY_DECRYPT)) === 0 ? 'encrypt or decrypt' : undefined
  }
  if ((mask & MAY_ENCRYPT) === 0) return 'encrypt'
  return wrapping === 'aes-gcm' && (mask & MAY_DECRYPT) === 0 ? 'decrypt' : undefined
}

function numberIn(value: TtlvValue | undefined): number | undefined {
  switch (value?.type) {
    case 'integer':
    case 'enumeration':
      return value.value
    case 'dateTime':
    case 'longInteger':
      return Number(value.value)
    default:
      return undefined
  }
}

function refusalOf(
  { name, place, awayExitCode = 1 }: KmipRequestToOpen,
  cause: unknown,
): StartupRefusal {
  if (cause instanceof StartupRefusal) return cause
  const said = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
  const isNetwork = cause instanceof KmipUnreachable || cause instanceof Fault
  const what = isNetwork ? said : `the KMIP server ${place.host}:${place.port} says: ${said}`
  const exitCode = isAway(cause) ? awayExitCode : 1
  return new StartupRefusal(`[${name}] cannot be used: ${what}.`, { cause, exitCode })
}

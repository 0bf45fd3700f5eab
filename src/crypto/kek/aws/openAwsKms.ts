import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import type { Clock } from '../../../lib/clock.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { timestampFromMicros } from '../../../lib/timestamp.ts'
import { withDeadline } from '../../deadline.ts'
import { ConfiguredKeks, type NamedKek } from '../configuredKeks.ts'
import { isAway } from '../isAway.ts'
import { type KeptKekStore, keptKekStore } from '../keptKekStore.ts'
import type { TlsSource } from '../tlsFiles.ts'
import { fingerprintOfUnseen } from '../unseenKek.ts'
import { awsKeeper } from './awsKeeper.ts'
import { AwsKms, AwsRefusal, type KeyMetadata } from './awsKms.ts'
import type { CredentialSource } from './credentialSources.ts'
import { HeldCredentials } from './heldCredentials.ts'

export interface AwsRequestToOpen {
  readonly name: string
  readonly endpoint: string
  readonly region: string
  readonly tls: TlsSource
  readonly credentials: CredentialSource
  /** Of the KEK that wraps: id, ARN or `alias/NAME`. */
  readonly keyId: string
  /** Of those that only unwrap what they wrapped once. */
  readonly formerKeyIds: readonly string[]
  readonly known: readonly KnownKek[]
  readonly clock: Clock
  /** Of a refusal because KMS is away; 1 unless said. */
  readonly awayExitCode?: number
}

const TIMEOUT_MS = 10_000
/** What a column takes, and no more than AWS uses. */
const MAX_ARN_LENGTH = 200

/**
 * KEKs in AWS KMS.
 * @throws StartupRefusal with one sentence for whatever keeps them from being used
 */
export async function openAwsKms(request: AwsRequestToOpen): Promise<KeptKekStore> {
  const { endpoint, region, tls, clock } = request
  const credentials = new HeldCredentials(request.credentials, clock)
  const client = new AwsKms({ endpoint, region, tls, credentials, clock })
  try {
    return await withDeadline(TIMEOUT_MS, (signal) => open(request, client, signal))
  } catch (cause) {
    client.close()
    throw refusalOf(request, cause)
  }
}

async function open(
  request: AwsRequestToOpen,
  client: AwsKms,
  signal: AbortSignal,
): Promise<KeptKekStore> {
  const { name, keyId, formerKeyIds, known, region, credentials } = request
  const wanted = await lookUp(request, client, keyId, signal)
  const former: NamedKek[] = []
  for (const id of formerKeyIds) {
    former.push(await lookUp(request, client, id, signal))
  }
  const twice = former.find(({ id }) => id === wanted.id)
  if (twice !== undefined) {
    throw new StartupRefusal(`[${name}] former_key_ids names ${twice.id}, which is key_id.`)
  }
  return keptKekStore({
    name,
    kind: 'awskms',
    keeper: awsKeeper(client),
    keks: new ConfiguredKeks([wanted, ...former], known),
    protection: () => `AWS KMS in ${region}, as ${credentials.name}`,
  })
}

async function lookUp(
  { name }: AwsRequestToOpen,
  client: AwsKms,
  keyId: string,
  signal: AbortSignal,
): Promise<NamedKek> {
  const key = await client.describeKey(keyId, signal)
  const wrong = whatIsWrong(key)
  if (wrong !== undefined) throw new StartupRefusal(`[${name}] The key ${keyId} ${wrong}.`)
  const { Arn: id, CreationDate: seconds = 0 } = key
  return {
    id,
    createdAt: timestampFromMicros(Math.floor(seconds) * 1_000_000),
    fingerprint: fingerprintOfUnseen('awskms', id, String(seconds)),
  }
}

function whatIsWrong({ Arn, KeyUsage, KeySpec, KeyState }: KeyMetadata): string | undefined {
  if (Arn.length > MAX_ARN_LENGTH) return `has an ARN of ${Arn.length} characters`
  if (KeyUsage !== undefined && KeyUsage !== 'ENCRYPT_DECRYPT') {
    return `is for ${KeyUsage}; a KEK is for ENCRYPT_DECRYPT`
  }
  // Asymmetric ones encrypt as well, and bind no context.
  if (KeySpec !== undefined && KeySpec !== 'SYMMETRIC_DEFAULT') {
    return `is ${KeySpec}; a KEK is SYMMETRIC_DEFAULT`
  }
  if (KeyState !== undefined && KeyState !== 'Enabled')
    return `is ${KeyState}; it has to be Enabled`
  return undefined
}

function refusalOf(
  { name, keyId, credentials, awayExitCode = 1 }: AwsRequestToOpen,
  cause: unknown,
): StartupRefusal {
  if (cause instanceof StartupRefusal) return cause
  const said = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
  const exitCode = isAway(cause) ? awayExitCode : 1
  const refusal = (what: string) => new StartupRefusal(`[${name}] ${what}.`, { cause, exitCode })
  if (cause instanceof AwsRefusal && cause.type === 'AccessDeniedException') {
    return refusal(
      `AWS refuses what we need; ${credentials.name} wants kms:DescribeKey, kms:Encrypt and kms:Decrypt on ${keyId} (${said})`,
    )
  }
  return refusal(`AWS KMS cannot be used: ${said}`)
}

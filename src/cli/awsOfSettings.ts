import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import {
  type CredentialSource,
  containerCredentials,
  givenCredentials,
  instanceCredentials,
  sharedFileCredentials,
  webIdentityCredentials,
} from '../crypto/kek/aws/credentialSources.ts'
import { openAwsKms } from '../crypto/kek/aws/openAwsKms.ts'
import type { KeptKekStore } from '../crypto/kek/keptKekStore.ts'
import { knownKeks } from '../crypto/kek/knownKeks.ts'
import { followedTlsFiles, readSecretLine } from '../crypto/kek/tlsFiles.ts'
import type { Clock } from '../lib/clock.ts'
import type { AroundStore } from './aroundStore.ts'
import { EXIT_CODES } from './exitCodes.ts'

type AwsSettings = Extract<KekStoreSettings, { readonly kind: 'awskms' }>

/** [awskms] as the store takes it. @throws StartupRefusal */
export async function openAwsOfSettings(
  settings: AwsSettings,
  { deployment, clock }: AroundStore,
): Promise<KeptKekStore> {
  const { name, options } = settings
  const { key_id: keyId = '', region = '', endpoint_url: endpoint } = options
  return await openAwsKms({
    name,
    endpoint: endpoint ?? endpointOf('kms', region),
    region,
    tls: followedTlsFiles(name, {
      caFile: options.ca_certs,
      certFile: undefined,
      keyFile: undefined,
    }),
    credentials: credentialsOf(settings, clock),
    keyId,
    formerKeyIds: options.former_key_ids,
    known: knownKeks(name, deployment?.canaries),
    clock,
    awayExitCode: EXIT_CODES.kekStoreAway.code,
  })
}

/** The first that is there, as AWS's tools look for them. */
function credentialsOf({ name, options }: AwsSettings, clock: Clock): CredentialSource {
  const { access_key_id: id, secret_access_key: secret = '', region = '' } = options
  if (id !== undefined) {
    const { secret_access_key_file: file, session_token: token } = options
    const read = () =>
      file === undefined ? secret : readSecretLine(name, 'secret access key', file)
    return givenCredentials(id, read, token)
  }
  const { web_identity_token_file: identityFile, role_arn: roleArn } = options
  if (identityFile !== undefined && roleArn !== undefined) {
    return webIdentityCredentials({
      roleArn,
      sessionName: 'gatehouse',
      token: () => readSecretLine(name, 'web identity token', identityFile),
      endpoint: options.sts_endpoint_url ?? endpointOf('sts', region),
    })
  }
  const { container_credentials_url: url, container_token_file: tokenFile } = options
  if (url !== undefined) {
    return containerCredentials(url, () =>
      tokenFile === undefined ? undefined : readSecretLine(name, 'container token', tokenFile),
    )
  }
  const { credentials_file: file, profile } = options
  if (file !== undefined) return sharedFileCredentials(file, profile, () => clock.epochMs())
  return instanceCredentials(options.instance_metadata_url)
}

function endpointOf(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

import { besideConfig } from '../paths.ts'
import {
  derivedOptionalSetting,
  derivedSetting,
  type Given,
  optionalSetting,
  setting,
} from '../setting.ts'
import { list, text, url } from '../valueKinds.ts'

/** What AWS's own tools read. */
const variable =
  (...names: readonly string[]) =>
  ({ place }: Given) =>
    names.map((name) => place.variable?.(name)).find((value) => value !== undefined && value !== '')

/** KEKs in AWS KMS, or in a service that speaks its API. */
export const awskmsSection = {
  key_id: optionalSetting({
    explanation:
      'The KEK that wraps: id, ARN or alias/NAME of an enabled symmetric key. An alias is followed at each start. ' +
      'Where it follows another one, from `gatehouse kek promote` on. SIGHUP reads it again.',
    kind: text,
  }),
  former_key_ids: setting({
    explanation: 'KEKs that wrapped before it and still unwrap. SIGHUP reads them again.',
    kind: list,
    default: [],
  }),
  region: derivedOptionalSetting({
    explanation: 'The region, part of the address and of every signature.',
    kind: text,
    describes: '$AWS_REGION, else $AWS_DEFAULT_REGION',
    derive: variable('AWS_REGION', 'AWS_DEFAULT_REGION'),
  }),
  endpoint_url: derivedOptionalSetting({
    explanation:
      'Another address than that of the region: a VPC endpoint, or a service that speaks the same API.',
    kind: url('http', 'https'),
    describes: '$AWS_ENDPOINT_URL_KMS, else that of the region',
    derive: variable('AWS_ENDPOINT_URL_KMS'),
  }),
  ca_certs: derivedOptionalSetting({
    explanation: "Whom to believe that it is KMS, as PEM. Left out: Node's and the machine's.",
    kind: text,
    describes: '$AWS_CA_BUNDLE',
    derive: variable('AWS_CA_BUNDLE'),
    settle: besideConfig,
  }),
  access_key_id: derivedOptionalSetting({
    explanation:
      'Credentials of our own. Without them come, in this order: the role of a service account, ' +
      'the container, the shared file, the instance.',
    kind: text,
    describes: '$AWS_ACCESS_KEY_ID',
    derive: variable('AWS_ACCESS_KEY_ID'),
  }),
  secret_access_key: derivedOptionalSetting({
    explanation: 'The secret of that access key.',
    kind: text,
    secret: 'whole',
    describes: '$AWS_SECRET_ACCESS_KEY',
    derive: variable('AWS_SECRET_ACCESS_KEY'),
  }),
  secret_access_key_file: optionalSetting({
    explanation: 'A file whose first line is that secret, instead of `secret_access_key`.',
    kind: text,
    settle: besideConfig,
  }),
  session_token: derivedOptionalSetting({
    explanation: 'What temporary credentials have beside it.',
    kind: text,
    secret: 'whole',
    describes: '$AWS_SESSION_TOKEN',
    derive: variable('AWS_SESSION_TOKEN'),
  }),
  web_identity_token_file: derivedOptionalSetting({
    explanation: 'The token of a service account that STS gives `role_arn` for.',
    kind: text,
    describes: '$AWS_WEB_IDENTITY_TOKEN_FILE',
    derive: variable('AWS_WEB_IDENTITY_TOKEN_FILE'),
  }),
  role_arn: derivedOptionalSetting({
    explanation: 'The role that goes with that token.',
    kind: text,
    describes: '$AWS_ROLE_ARN',
    derive: variable('AWS_ROLE_ARN'),
  }),
  sts_endpoint_url: derivedOptionalSetting({
    explanation: 'The address of STS.',
    kind: url('http', 'https'),
    describes: '$AWS_ENDPOINT_URL_STS, else that of the region',
    derive: variable('AWS_ENDPOINT_URL_STS'),
  }),
  container_credentials_url: derivedOptionalSetting({
    explanation: 'Where the orchestrator of our container gives credentials.',
    kind: url('http', 'https'),
    describes: '$AWS_CONTAINER_CREDENTIALS_FULL_URI, or _RELATIVE_URI at 169.254.170.2',
    derive: (given) => {
      const relative = variable('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')(given)
      return relative === undefined
        ? variable('AWS_CONTAINER_CREDENTIALS_FULL_URI')(given)
        : `http://169.254.170.2${relative}`
    },
  }),
  container_token_file: derivedOptionalSetting({
    explanation: 'What to show there.',
    kind: text,
    describes: '$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    derive: variable('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'),
  }),
  credentials_file: derivedOptionalSetting({
    explanation: "The file that AWS's tools share; read again every five minutes.",
    kind: text,
    describes: '$AWS_SHARED_CREDENTIALS_FILE',
    derive: variable('AWS_SHARED_CREDENTIALS_FILE'),
  }),
  profile: derivedSetting({
    explanation: 'Which section of that file.',
    kind: text,
    describes: '$AWS_PROFILE, else default',
    derive: (given) => variable('AWS_PROFILE')(given) ?? 'default',
  }),
  instance_metadata_url: derivedSetting({
    explanation: 'Where an instance finds its own credentials (IMDSv2).',
    kind: url('http'),
    describes: '$AWS_EC2_METADATA_SERVICE_ENDPOINT, else http://169.254.169.254',
    derive: (given) =>
      variable('AWS_EC2_METADATA_SERVICE_ENDPOINT')(given) ?? 'http://169.254.169.254',
  }),
}

import { belowState, besideConfig } from '../paths.ts'
import { optionalSetting, setting } from '../setting.ts'
import { listOf, seconds, text, url } from '../valueKinds.ts'

export const tokenSection = {
  signing_key_file: setting({
    explanation:
      'The private key (Ed25519, PEM, 0600) of tokens that `gatehouse token issue` makes; made when missing. ' +
      'The same on every node. Changing it revokes every token.',
    kind: text,
    default: 'token-signing-key.pem',
    settle: belowState,
  }),
  default_ttl: setting({
    explanation: 'How long an issued token is valid when --ttl does not say.',
    kind: seconds(1, 31_536_000),
    default: 3600,
  }),
  max_ttl: setting({
    explanation: 'The longest validity a token may have, when issued and when presented.',
    kind: seconds(1, 31_536_000),
    default: 86_400,
  }),
  jwks_url: optionalSetting({
    explanation:
      'Where another issuer publishes its keys (JWKS). Its JWTs are then taken as tokens.',
    kind: url('https'),
  }),
  issuer: optionalSetting({
    explanation: 'The `iss` such a token must have. Required with jwks_url.',
    kind: text,
  }),
  audience: optionalSetting({
    explanation: 'The `aud` such a token must have. Required with jwks_url.',
    kind: text,
  }),
  algorithms: setting({
    explanation: 'The signature algorithms such a token may use.',
    kind: listOf(
      'EdDSA',
      'ES256',
      'ES384',
      'ES512',
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
    ),
    default: ['ES256', 'EdDSA', 'RS256'],
  }),
  project_claim: setting({
    explanation: "The claim of the caller's project id.",
    kind: text,
    default: 'project_id',
  }),
  user_claim: setting({
    explanation: "The claim of the caller's user id.",
    kind: text,
    default: 'sub',
  }),
  roles_claim: setting({
    explanation:
      "The claim of the caller's roles: an array, or words separated by blanks. No other claim gives a role.",
    kind: text,
    default: 'roles',
  }),
  cafile: optionalSetting({
    explanation: 'CA certificates (PEM) that the certificate of jwks_url must chain to.',
    kind: text,
    settle: besideConfig,
  }),
}

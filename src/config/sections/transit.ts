import { besideConfig } from '../paths.ts'
import { optionalSetting, setting } from '../setting.ts'
import { text, url } from '../valueKinds.ts'

/** KEKs in the transit engine of Vault or OpenBao, in Barbican's words ([vault_plugin]) where it has them. */
export const transitSection = {
  vault_url: setting({
    explanation: 'The address of Vault or OpenBao, without /v1.',
    kind: url('http', 'https'),
    default: 'https://127.0.0.1:8200',
  }),
  ssl_ca_crt_file: optionalSetting({
    explanation:
      "Whom to believe that it is Vault: CA certificates as PEM. Left out: Node's and the machine's.",
    kind: text,
    settle: besideConfig,
  }),
  certfile: optionalSetting({
    explanation: 'A certificate to show, as PEM, where the listener wants one.',
    kind: text,
    settle: besideConfig,
  }),
  keyfile: optionalSetting({
    explanation: 'Its key. Left out: certfile holds it too.',
    kind: text,
    settle: besideConfig,
  }),
  namespace: optionalSetting({
    explanation: 'The namespace in which we log in and the engine is mounted.',
    kind: text,
  }),
  transit_mountpoint: setting({
    explanation: 'Where the transit engine is mounted.',
    kind: text,
    default: 'transit',
  }),
  key_name: setting({
    explanation:
      'The key whose versions are the KEKs: aes256-gcm96, chacha20-poly1305 or xchacha20-poly1305, not derived.',
    kind: text,
    default: 'gatehouse',
  }),
  root_token_id: optionalSetting({
    explanation:
      'A token to use; renewed while it can be. It need not, and should not, be a root token.',
    kind: text,
    secret: 'whole',
  }),
  token_file: optionalSetting({
    explanation:
      'A file whose first line is that token, such as the sink of an agent; read again when the token ends.',
    kind: text,
    settle: besideConfig,
  }),
  approle_role_id: optionalSetting({
    explanation: 'Logs in with AppRole: the role.',
    kind: text,
  }),
  approle_secret_id: optionalSetting({
    explanation: 'The secret id of that role.',
    kind: text,
    secret: 'whole',
  }),
  approle_secret_id_file: optionalSetting({
    explanation: 'A file whose first line is that secret id, instead of `approle_secret_id`.',
    kind: text,
    settle: besideConfig,
  }),
  approle_mountpoint: setting({
    explanation: 'Where AppRole is mounted, below auth/.',
    kind: text,
    default: 'approle',
  }),
  kubernetes_role: optionalSetting({
    explanation: 'Logs in with the service account of this pod: the role at Vault.',
    kind: text,
  }),
  kubernetes_token_file: setting({
    explanation: 'The token of the service account; Kubernetes exchanges it now and then.',
    kind: text,
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  }),
  kubernetes_mountpoint: setting({
    explanation: 'Where Kubernetes is mounted, below auth/.',
    kind: text,
    default: 'kubernetes',
  }),
}

import { besideConfig } from '../paths.ts'
import { optionalSetting, setting } from '../setting.ts'
import { list, oneOf, text, url, whole } from '../valueKinds.ts'

/** A second level below the token cache of each process, shared by all. */
export const tokenCacheSection = {
  backend: setting({
    explanation:
      '`redis`: what one process has heard from Keystone about a token, the others of the deployment need not ask again. ' +
      'Names are hashed and contents sealed; while Redis is away, slow or wrong, it is as with `none`.',
    kind: oneOf('none', 'redis'),
    default: 'none',
  }),
  url: optionalSetting({
    explanation:
      'Where Redis is: rediss://USER:PASSWORD@HOST:PORT/DATABASE, over TLS. redis:// only on the same machine.',
    kind: url('rediss', 'redis'),
    secret: 'url',
  }),
  further_hosts: setting({
    explanation:
      'Redises to go to where that one is away or takes no writes, HOST or HOST:PORT, in this order, with all else as in url. ' +
      'Of a Redis with replicas: all of them.',
    kind: list,
    default: [],
  }),
  secret_file: optionalSetting({
    explanation:
      'A secret of 32 bytes or more, mode 0600, the same on every node: names and contents are made with keys that follow from it. ' +
      'Unset: that of [ssl] ticket_key_file.',
    kind: text,
    settle: besideConfig,
  }),
  cafile: optionalSetting({
    explanation:
      "CA certificates (PEM) that Redis's certificate must chain to. Unset: those this machine trusts.",
    kind: text,
    settle: besideConfig,
  }),
  certfile: optionalSetting({
    explanation:
      'Client certificate (PEM) shown to Redis. A renewed one is used for the next connection.',
    kind: text,
    settle: besideConfig,
  }),
  keyfile: optionalSetting({
    explanation: 'Its private key (PEM).',
    kind: text,
    settle: besideConfig,
  }),
  timeout_ms: setting({
    explanation:
      'How many milliseconds a request waits for Redis before Keystone is asked instead. One that takes longer is left alone for a while.',
    kind: whole(1, 5_000),
    default: 100,
  }),
}

import { besideConfig } from '../paths.ts'
import { derivedOptionalSetting, optionalSetting, setting } from '../setting.ts'
import { decimal, seconds, text, truth, whole } from '../valueKinds.ts'

const DAY = 86_400

export const keystoneNotificationsSection = {
  enable: setting({
    explanation:
      'Listen on the message broker (`transport_url`) for projects that Keystone deletes, and shred what they left.',
    kind: truth,
    default: false,
  }),
  control_exchange: setting({
    explanation: 'The exchange that Keystone publishes on.',
    kind: text,
    default: 'keystone',
  }),
  topic: setting({
    explanation: 'The topic of its notifications; those of level INFO are read (`TOPIC.info`).',
    kind: text,
    default: 'notifications',
  }),
  pool_name: optionalSetting({
    explanation:
      'A queue of this name, durable and shared by all nodes, gets a copy of every notification. ' +
      'Unset: the queue `TOPIC.info`, whose messages go to whichever service reads them first.',
    kind: text,
  }),
  grace_period: setting({
    explanation:
      'How long after its deletion a project is shredded. Until then `gatehouse project keep` takes it back.',
    kind: seconds(0, 365 * DAY),
    default: 0,
  }),
  confirm: setting({
    explanation:
      'Ask Keystone before anything is destroyed: what it still has is kept, and while it cannot be asked nothing ' +
      'happens. The service user must be allowed to see projects. Off: a message on the broker is enough.',
    kind: truth,
    default: true,
  }),
  poll_interval: setting({
    explanation:
      'How often Keystone is asked which projects it still has, for events that never came. A project must be ' +
      'missing twice, so long apart. Needs no broker. 0: never.',
    kind: seconds(0, 30 * DAY),
    default: 0,
  }),
  poll_rate: setting({
    explanation: 'The most projects asked about in a second.',
    kind: whole(1, 1000),
    default: 10,
  }),
  poll_most_missing: setting({
    explanation:
      'The share of all projects, from 0 to 1, that may be missing at once; one may always. When more are, nothing is done and the log says so.',
    kind: decimal(0, 1),
    default: 0.1,
  }),
  dry_run: setting({
    explanation: 'Say in the log what would be shredded, and shred nothing.',
    kind: truth,
    default: false,
  }),
  allow_requeue: setting({
    explanation: 'What could not be noted is never acknowledged.',
    kind: truth,
    default: false,
    unused: 'a message is acknowledged when its deletion is durable, and comes again until then',
  }),
  version: setting({
    explanation: 'The version of a target that notifications do not have.',
    kind: text,
    default: '1.0',
    unused: 'notifications have no such version',
  }),
  thread_pool_size: setting({
    explanation: 'Threads of the listener.',
    kind: whole(1),
    default: 10,
    unused: 'to note a deletion is one small write',
  }),
}

export const messagingNotificationsSection = {
  transport_url: derivedOptionalSetting({
    explanation: 'The message broker of notifications, where it is not the one of [DEFAULT].',
    kind: text,
    describes: '[DEFAULT] transport_url',
    derive: (given) => given.text('DEFAULT', 'transport_url') || undefined,
    secret: 'url',
  }),
}

export const messagingRabbitSection = {
  ssl: setting({
    explanation: 'Connect to the broker over TLS.',
    kind: truth,
    default: false,
    oldNames: ['oslo_messaging_rabbit.rabbit_use_ssl'],
  }),
  ssl_ca_file: optionalSetting({
    explanation: "CA certificates (PEM) that the broker's certificate must chain to.",
    kind: text,
    settle: besideConfig,
    oldNames: ['oslo_messaging_rabbit.kombu_ssl_ca_certs'],
  }),
  ssl_cert_file: optionalSetting({
    explanation: 'Client certificate (PEM) shown to the broker.',
    kind: text,
    settle: besideConfig,
    oldNames: ['oslo_messaging_rabbit.kombu_ssl_certfile'],
  }),
  ssl_key_file: optionalSetting({
    explanation: 'Its private key (PEM).',
    kind: text,
    settle: besideConfig,
    oldNames: ['oslo_messaging_rabbit.kombu_ssl_keyfile'],
  }),
  amqp_durable_queues: setting({
    explanation:
      "How exchange and queue are made where there are none yet; as in Keystone's configuration, or Keystone may fail to publish.",
    kind: truth,
    default: false,
  }),
  rabbit_quorum_queue: setting({
    explanation: 'The same for quorum queues, which are durable.',
    kind: truth,
    default: false,
  }),
}

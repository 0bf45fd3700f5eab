import type { Shredded } from '../domain/ports/projectDeletions.ts'
import type { ProjectEvent } from '../domain/projectEvent.ts'
import type { KeystoneEvent } from '../identity/keystoneOptions.ts'
import type { Log } from '../lib/log.ts'
import type { ListenerEvent } from '../messaging/listenerEvent.ts'
import type { Audit } from '../ops/audit.ts'
import type { Metrics } from '../ops/metrics.ts'
import { observeKeystone } from './authenticator.ts'

/** Looks on while projects end. */
export interface DeletionWatch {
  readonly onEvent: (event: ProjectEvent) => void
  readonly onListenerEvent: (event: ListenerEvent) => void
  readonly onKeystoneEvent: (event: KeystoneEvent) => void
  watchListener(isListening: () => boolean): void
}

interface Parts {
  readonly log: Log
  readonly metrics: Metrics
  readonly audit: Audit | undefined
}

const MESSAGES = ['projectDeleted', 'other', 'unreadable', 'held'] as const
const PROJECTS = [
  ...(['noted', 'known', 'unknown', 'spared', 'unconfirmed', 'reappeared', 'shredded'] as const),
  ...(['freed', 'blocked', 'unsigned', 'polled', 'disbelieved', 'pollFailed'] as const),
]
const RECORDS = ['keys', 'secrets', 'containers', 'orders', 'consumers'] as const

export function composeDeletionWatch({ log, metrics, audit }: Parts): DeletionWatch {
  const messages = metrics.counter(
    'gatehouse_notifications_total',
    'Messages on the topic of Keystone, by what they were; held: the database was away.',
    MESSAGES,
  )
  const projects = metrics.counter(
    'gatehouse_project_deletions_total',
    'What became of deleted projects, and of polls of Keystone.',
    PROJECTS,
  )
  const records = metrics.counter(
    'gatehouse_shredded_total',
    'Records and keys that went with their project.',
    RECORDS,
  )
  const countRemoved = (removed: Shredded): void => {
    for (const kind of RECORDS) records.count(kind, removed[kind])
  }
  return {
    onEvent(event) {
      if (event.type === 'removed') countRemoved(event.removed)
      else if (event.type === 'keysDestroyed') records.count('keys', event.keys)
      else projects.count(event.type)
      if (isOfAudit(event)) audit?.projectEnds(event.type, event.projectId)
      tell(event, log)
    },
    onListenerEvent(event) {
      if (event.type === 'received') messages.count(event.kind)
      if (event.type === 'held') messages.count('held')
      tellOfListener(event, log)
    },
    onKeystoneEvent: (event) => observeKeystone(event, metrics, log),
    watchListener(isListening) {
      metrics.gauge(
        'gatehouse_notifications_connected',
        '1 while the message broker of [keystone_notifications] is connected.',
        () => Number(isListening()),
      )
    },
  }
}

type OfAudit = Extract<
  ProjectEvent,
  { readonly type: 'noted' | 'reappeared' | 'keysDestroyed' | 'shredded' }
>

function isOfAudit(event: ProjectEvent): event is OfAudit {
  return (
    event.type === 'noted' ||
    event.type === 'reappeared' ||
    event.type === 'keysDestroyed' ||
    event.type === 'shredded'
  )
}

function tell(event: ProjectEvent, log: Log): void {
  switch (event.type) {
    case 'removed':
      return
    case 'known':
    case 'unknown':
      log.debug({ projectId: event.projectId }, 'a deleted project that has nothing more to lose')
      return
    case 'noted': {
      const { projectId, source, notBefore } = event
      log.warn({ projectId, source, notBefore }, 'a project was deleted: it will be shredded')
      return
    }
    case 'unsigned':
      log.error({ error: event.error }, 'the report of a shredded project could not be signed')
      return
    case 'spared': {
      const { projectId, source } = event
      log.warn({ projectId, source }, 'dry run: a deleted project would be shredded')
      return
    }
    case 'unconfirmed': {
      const { projectId, reason } = event
      log.error({ projectId, reason }, 'a deleted project is kept until Keystone confirms it')
      return
    }
    case 'reappeared':
      log.error({ projectId: event.projectId }, 'Keystone has a project that was called deleted')
      return
    case 'keysDestroyed':
      log.warn(
        { projectId: event.projectId, keys: event.keys },
        'the keys of a deleted project were destroyed',
      )
      return
    case 'shredded':
      log.warn(
        { projectId: event.projectId, source: event.source },
        'nothing is left of a deleted project',
      )
      return
    case 'freed':
      log.warn(
        { projectId: event.projectId },
        'whoever shredded a project stood still: it is gone on with',
      )
      return
    case 'blocked':
      log.warn({ error: event.error }, 'deleted projects cannot be worked on now')
      return
    case 'polled':
      log.info(
        { known: event.known, missing: event.missing },
        'Keystone was asked for all projects',
      )
      return
    case 'disbelieved':
      log.error(
        { known: event.known, missing: event.missing },
        'too many projects are missing in Keystone at once: none is taken for deleted',
      )
      return
    case 'pollFailed':
      log.warn({ error: event.error }, 'Keystone cannot be asked for projects now')
  }
}

function tellOfListener(event: ListenerEvent, log: Log): void {
  switch (event.type) {
    case 'listening': {
      const { host, queue, isShared } = event
      log.info({ host, queue }, 'listening to the notifications of Keystone')
      if (isShared) log.warn({ queue }, 'other services may read this queue: set pool_name')
      return
    }
    case 'disconnected':
      log.error(
        { host: event.host, error: event.error },
        'no notifications: the message broker is away; it is tried again',
      )
      return
    case 'held':
      log.error(
        { projectId: event.projectId, error: event.error },
        'a deleted project could not be noted; it is tried again',
      )
      return
    case 'received':
      if (event.kind !== 'unreadable') return
      log.warn({ why: event.why }, 'a message that is no notification was thrown away')
  }
}

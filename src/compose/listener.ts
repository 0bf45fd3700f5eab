import type Koa from 'koa'
import { certificateOptions, protocolOf, resumesSessions } from '../cli/tlsOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { RefusedConnection } from '../http/approach.ts'
import { ClientConnections } from '../http/clientConnections.ts'
import { AnybodysProxyWords, type ProxyWords, TrustedProxyWords } from '../http/forwarded.ts'
import { type InheritedSocket, Listener } from '../http/listener.ts'
import type { ClearTextRequest } from '../http/observer.ts'
import { Peers, TrustedProxies } from '../http/peers.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { ClearTextWatch } from '../ops/clearTextWatch.ts'
import { LineBrake } from '../ops/lineBrake.ts'
import type { Metrics } from '../ops/metrics.ts'
import { TransportMetrics } from '../ops/transportMetrics.ts'
import { CertificateTrouble } from '../tls/certificateFiles.ts'
import { type CertificateEvent, CertificateFollower } from '../tls/certificateFollower.ts'
import { nameOf } from '../tls/judgeCertificate.ts'
import { ServedCertificates, secondsLeft } from '../tls/servedCertificates.ts'
import { type Handshake, TlsTerminator } from '../tls/terminator.ts'
import { TicketKeys } from '../tls/ticketKeys.ts'

interface Surrounding {
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  /** Sockets that came with the process. */
  readonly inherited: readonly InheritedSocket[]
  /** A parent listens, for several. */
  readonly isWorker: boolean
}

/** How connections come in, and who is believed about where they come from. */
export interface Transport {
  readonly listener: Listener
  readonly proxyWords: ProxyWords
  /** Where HTTP is taken beside HTTPS. */
  readonly onClearText: ((request: ClearTextRequest) => void) | undefined
  /** Opens the listener, and follows certificates on disk where there are any. @returns where it listens */
  open(app: Koa): Promise<string>
  stop(): void
  /** SIGHUP */
  reload(): Promise<void>
}

/** @throws StartupRefusal when a certificate cannot be served */
export async function composeListener(
  settings: Settings,
  { log, clock, metrics, inherited, isWorker }: Surrounding,
): Promise<Transport> {
  const { DEFAULT: base, ssl, listener: options, oslo_middleware: middleware } = settings
  const numbers = new TransportMetrics(metrics.registry)
  const peers = new Peers()
  const trusted = new TrustedProxies(options.trusted_proxies)
  const tls =
    settings.certificates.length === 0 ? undefined : await composeTls(settings, log, clock, numbers)
  const allowsClearText = tls !== undefined && ssl.allow_clear_text
  const listener = new Listener({
    ...timesAndBounds(settings),
    bindHost: base.bind_host,
    bindPort: base.bind_port,
    socketAccess: {
      mode: options.socket_mode,
      owner: options.socket_owner,
      group: options.socket_group,
    },
    inherited,
    isShared: isWorker,
    terminator: tls?.terminator,
    allowsClearText,
    proxies: options.proxy_protocol ? trusted : undefined,
    peers,
    clientConnections:
      settings.gatehouse.max_connections_per_client === 0
        ? undefined
        : new ClientConnections(settings.gatehouse.max_connections_per_client, trusted),
    onRefused: refusalWatch(log, clock, numbers),
  })
  if (allowsClearText) log.warn({}, 'this port takes HTTP beside HTTPS: allow_clear_text is on')
  return {
    listener,
    proxyWords:
      options.trusted_proxies.length === 0
        ? new AnybodysProxyWords({ parsesAll: middleware.enable_proxy_headers_parsing, peers })
        : new TrustedProxyWords({ peers, trusted, headers: options.proxy_headers }),
    onClearText: allowsClearText ? clearTextWatch(log, clock, numbers) : undefined,
    async open(app) {
      const address = await listener.open(app)
      if (tls === undefined) warnOfClearText(address, log)
      await tls?.follower.start()
      return address
    },
    stop: () => tls?.follower.stop(),
    reload: async () => tls?.follower.look(),
  }
}

async function composeTls(settings: Settings, log: Log, clock: Clock, numbers: TransportMetrics) {
  const { ssl, gatehouse } = settings
  const epochMs = (): number => clock.epochMs()
  const { certificates, tickets } = await refusingTrouble(async () => ({
    certificates: await ServedCertificates.open({
      certificates: settings.certificates.map(certificateOptions),
      protocol: protocolOf(settings),
      epochMs,
    }),
    tickets: resumesSessions(settings)
      ? await TicketKeys.open(ssl.ticket_key_file, ssl.ticket_lifetime)
      : undefined,
  }))
  const terminator = new TlsTerminator({
    certificates,
    tickets,
    ticketLifetimeSeconds: ssl.ticket_lifetime,
    handshakeTimeoutMs: gatehouse.headers_timeout * 1000,
    epochMs,
    onHandshake: handshakeWatch(log, clock, numbers),
  })
  const follower = new CertificateFollower({
    certificates,
    tickets:
      tickets === undefined || ssl.ticket_key_file === undefined
        ? undefined
        : { keys: tickets, file: ssl.ticket_key_file },
    onRefresh: () => terminator.refresh(),
    onEvent: (event) => observeCertificates(event, log, numbers),
    epochMs,
  })
  for (const served of certificates.all) {
    const { name } = served.options
    const [leaf] = served.material.chain
    log.info({ certificate: name, subject: leaf && nameOf(leaf), until: leaf?.validTo }, 'TLS')
    numbers.certificateIsFine(name)
    for (const { what } of served.findings)
      log.warn({ certificate: name, what }, 'a certificate could be better')
  }
  numbers.watchExpiry(() =>
    certificates.all.map((served) => ({
      name: served.options.name,
      seconds: secondsLeft(served, epochMs()),
    })),
  )
  return { terminator, follower }
}

async function refusingTrouble<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CertificateTrouble) throw new StartupRefusal(cause.message, { cause })
    throw cause
  }
}

function timesAndBounds({ DEFAULT: base, gatehouse }: Settings) {
  return {
    backlog: base.backlog,
    keepAliveMs: gatehouse.keep_alive_timeout * 1000,
    requestTimeoutMs: gatehouse.request_timeout * 1000,
    headersTimeoutMs: gatehouse.headers_timeout * 1000,
    maxConnections: gatehouse.max_connections,
  }
}

const REFUSALS_PER_MINUTE = 60

function refusalWatch(log: Log, clock: Clock, numbers: TransportMetrics) {
  const brake = new LineBrake(REFUSALS_PER_MINUTE, () => clock.monotonicMs())
  return (reason: RefusedConnection, remoteAddress: string): void => {
    numbers.connectionRefused(reason)
    const fields = { reason, remote: remoteAddress }
    if (!reason.startsWith('too many')) {
      log.debug(fields, 'a connection was closed before it said anything')
      return
    }
    const heldBack = brake.next()
    if (heldBack !== undefined) log.warn({ ...fields, heldBack }, 'a connection was refused')
  }
}

function handshakeWatch(log: Log, clock: Clock, numbers: TransportMetrics) {
  const brake = new LineBrake(REFUSALS_PER_MINUTE, () => clock.monotonicMs())
  return ({ outcome, reason, remoteAddress }: Handshake): void => {
    numbers.handshake(outcome)
    if (outcome === 'failed') log.debug({ reason, remote: remoteAddress }, 'a TLS handshake failed')
    const heldBack = outcome === 'client refused' ? brake.next() : undefined
    if (heldBack === undefined) return
    log.warn(
      { reason, remote: remoteAddress, heldBack },
      'a client without the right certificate was cut off',
    )
  }
}

function observeCertificates(event: CertificateEvent, log: Log, numbers: TransportMetrics): void {
  switch (event.kind) {
    case 'replaced': {
      const [leaf] = event.served.material.chain
      numbers.certificateReplaced(event.served.options.name)
      log.info(
        {
          certificate: event.served.options.name,
          subject: leaf && nameOf(leaf),
          until: leaf?.validTo,
        },
        'a changed certificate was taken up',
      )
      return
    }
    case 'refused':
      numbers.certificateRefused(event.name)
      log.error(
        { certificate: event.name, reason: event.reason },
        'a changed certificate cannot be served: the one before stays',
      )
      return
    case 'healed':
      numbers.certificateIsFine(event.name)
      log.info({ certificate: event.name }, 'the files of a certificate are again what is served')
      return
    case 'expiring': {
      const fields = { certificate: event.served.options.name, days: event.days }
      if (event.days === 0) log.error(fields, 'a certificate is not valid any more')
      else if (event.days === 1) log.error(fields, 'a certificate ends within a day')
      else log.warn(fields, 'a certificate ends soon')
    }
  }
}

function clearTextWatch(log: Log, clock: Clock, numbers: TransportMetrics) {
  const watch = new ClearTextWatch({
    log,
    onRequest: () => numbers.clearTextRequest(),
    monotonicMs: () => clock.monotonicMs(),
  })
  numbers.watchClearTextClients(() => watch.clients())
  return (request: ClearTextRequest): void => watch.came(request)
}

function warnOfClearText(address: string, log: Log): void {
  const isOpen = address
    .split(' and ')
    .some((one) => !/^(unix:|http:\/\/(localhost|127\.[\d.]+|\[::1\]):)/.test(one))
  if (!isOpen) return
  log.warn(
    { address },
    'tokens and payloads cross the network in clear here: give [ssl] a certificate, or bind to loopback behind a TLS proxy',
  )
}

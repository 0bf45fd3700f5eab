import { Router } from '@koa/router'
import Koa from 'koa'
import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import { Fault, unavailable } from '../lib/fault.ts'
import type { Caller, RequestContext } from '../model/requestContext.ts'
import { faultAnswer, isClientFault } from './answers.ts'
import { API_DOCUMENT_PATH, type ApiDocument } from './apiDocument.ts'
import { LazyApiRequest } from './apiRequest.ts'
import type { Cors } from './cors.ts'
import { discoveryAnswer } from './discovery.ts'
import { Exchange } from './exchange.ts'
import type { ProxyWords } from './forwarded.ts'
import { type HealthSwitch, healthAnswer, type Outage } from './healthcheck.ts'
import { type FoundPath, HotPaths } from './hotPaths.ts'
import { type HrefBase, isEncrypted } from './hrefs.ts'
import { acceptsJson } from './mediaRanges.ts'
import { parseMicroversion } from './microversion.ts'
import type { ClearTextRequest, RequestObserver } from './observer.ts'
import { byPath } from './pathVerbs.ts'
import type { RateLimits } from './rateLimits.ts'
import { originForm } from './requestTarget.ts'
import type { Answer, Route } from './route.ts'
import type { UnreadAnswers } from './unreadAnswers.ts'
import { VersionDocuments } from './versions.ts'
import type { Workload } from './workload.ts'

export interface AppParts {
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly hrefBase: HrefBase
  readonly proxyWords: ProxyWords
  readonly cors: Cors
  readonly observer: RequestObserver
  readonly healthSwitch: HealthSwitch
  /** Where /healthcheck is to tell it too (ADR 27): could this node do its work? Must not throw. */
  readonly isReady?: () => Promise<boolean>
  readonly maxBodyBytes: number
  readonly apiDocument: ApiDocument
  readonly workload: Workload
  /** Undefined: nobody is held to any rate. */
  readonly rateLimits?: RateLimits | undefined
  readonly unreadAnswers?: UnreadAnswers | undefined
  /** True while no KEK store is open: /v1 is closed, and says why. False unless given. */
  readonly isSealed?: () => boolean
  /** Where the port takes HTTP beside HTTPS: who still came in clear. Must not throw. */
  readonly onClearText?: (request: ClearTextRequest) => void
  /** True while the process drains: every answer then announces that its connection closes. */
  isDraining(): boolean
}

const SEALED = 'This key manager is sealed: its operators have to open it first.'
const SEALED_RETRY_SECONDS = 30

/** The whole HTTP surface. What reaches a socket is one writeHead and one end, in Exchange. */
export function createApp(parts: AppParts): Koa {
  const app = new Koa()
  const documents = new VersionDocuments()
  const router = new Router({ sensitive: true })
  const paths = byPath(parts.routes)
  const hotPaths = new HotPaths(paths)
  for (const verbs of paths) {
    // A record's {name} is the router's :name.
    router.all(verbs.path.replace(/\{(\w+)\}/g, ':$1'), async (koa) => {
      const exchange = koa.state['exchange'] as Exchange
      koa.state['answer'] = await dispatch(koa, exchange, { verbs, params: koa['params'] })
    })
  }
  const routed = router.routes()

  async function outage(): Promise<Outage | undefined> {
    if (await parts.healthSwitch.isDisabled()) return 'DISABLED BY FILE'
    if (parts.isSealed?.()) return 'SEALED'
    return parts.isReady === undefined || (await parts.isReady()) ? undefined : 'NOT READY'
  }

  async function answer(koa: Koa.Context, exchange: Exchange): Promise<Answer> {
    const { method, url = '/' } = exchange.request
    exchange.request.url = originForm(url)
    // Koa looks at the whole URL each time, and puts it together anew to change it.
    const asked = koa.path
    if (asked === '/healthcheck') {
      exchange.route = '/healthcheck'
      return healthAnswer(exchange, await outage())
    }
    if (method === 'OPTIONS')
      return { status: 200, headers: parts.cors.preflight(exchange.request) }
    const path = tidyPath(asked)
    exchange.path = path
    if (path !== '/v1' && !path.startsWith('/v1/')) {
      return discoveryAnswer(exchange, path, koa.querystring, documents, parts.hrefBase)
    }
    if (parts.isSealed?.()) throw unavailable(SEALED, undefined, SEALED_RETRY_SECONDS)
    const hot = hotPaths.find(path)
    if (hot !== undefined) return dispatch(koa, exchange, hot)
    if (path === API_DOCUMENT_PATH) {
      refuseWhenOverloaded(() => false)
      return parts.apiDocument.answer(exchange, parts.hrefBase)
    }
    if (path !== asked) koa.path = path
    // The router's types want a context of its own making.
    await routed(koa as Parameters<typeof routed>[0], async () => {
      koa.state['answer'] = await unrouted(koa, exchange)
    })
    return koa.state['answer'] as Answer
  }

  async function dispatch(koa: Koa.Context, exchange: Exchange, found: FoundPath): Promise<Answer> {
    exchange.route = found.verbs.path
    const credentials = credentialsOf(koa, exchange)
    const isKept = found.verbs.verbs.get(koa.method)?.isKept === true
    refuseWhenOverloaded(() => isKept && parts.authenticator.isAtHand(credentials))
    const ctx = await establish(credentials, exchange)
    parts.workload.begin()
    try {
      return await act(koa, exchange, found, ctx)
    } finally {
      parts.workload.end()
    }
  }

  async function act(
    koa: Koa.Context,
    exchange: Exchange,
    { verbs: path, params }: FoundPath,
    ctx: RequestContext,
  ): Promise<Answer> {
    const request = new LazyApiRequest({
      exchange,
      ctx,
      params,
      queryString: koa.querystring,
      hrefBase: parts.hrefBase,
      maxBodyBytes: parts.maxBodyBytes,
      workload: parts.workload,
    })
    const route = path.verbs.get(koa.method)
    if (route === undefined) {
      await path.lookUp?.(request)
      throw new Fault('methodNotAllowed', `${koa.method} is not possible here; ${path.allow} is.`, {
        headers: { Allow: path.allow },
      })
    }
    if (route.accepts === 'json' && !acceptsJson(request.accept)) {
      await path.lookUp?.(request)
      throw new Fault('notAcceptable', 'This answer is application/json, which Accept excludes.')
    }
    return route.handle(request)
  }

  /** /v1 itself, and everything below it that is no route: both want a token first (contract 00). */
  async function unrouted(koa: Koa.Context, exchange: Exchange): Promise<Answer> {
    refuseWhenOverloaded(() => false)
    const { microversion } = await establish(credentialsOf(koa, exchange), exchange)
    if (exchange.path !== '/v1') throw new Fault('notFound', 'There is nothing at this path.')
    exchange.route = '/v1'
    if (koa.method !== 'GET') {
      throw new Fault('methodNotAllowed', 'Only GET is possible here.', {
        headers: { Allow: 'GET' },
      })
    }
    const { accept } = exchange.request.headers
    if (!acceptsJson(accept) && accept !== 'application/json-home') {
      throw new Fault('notAcceptable', 'This answer is application/json, which Accept excludes.')
    }
    const document = documents.one(parts.hrefBase(exchange.request), microversion)
    return { status: 200, document, contentType: 'application/json' }
  }

  /** @param isKept asked only while there is too much to do */
  function refuseWhenOverloaded(isKept: () => boolean): void {
    const why = parts.workload.overload()
    if (why !== undefined && !isKept()) throw parts.workload.shed(why)
  }

  async function establish(credentials: Credentials, exchange: Exchange): Promise<RequestContext> {
    const { workload, authenticator } = parts
    if (workload.isCrowdedAtTheDoor() && !authenticator.isAtHand(credentials)) {
      throw workload.shed('too many logins')
    }
    const caller = await workload.identifying(() => identify(credentials, exchange.remoteAddress))
    exchange.caller = caller
    parts.rateLimits?.admit(caller, credentials.method, exchange.remoteAddress)
    const microversion = parseMicroversion(exchange.header('openstack-api-version'))
    exchange.microversion = microversion
    return {
      requestId: exchange.requestId,
      globalRequestId: exchange.globalRequestId,
      remoteAddress: exchange.remoteAddress,
      caller,
      microversion,
    }
  }

  function identify(credentials: Credentials, remoteAddress: string): Promise<Caller> {
    const { rateLimits, authenticator } = parts
    if (rateLimits === undefined) return authenticator.authenticate(credentials)
    return rateLimits.identify(authenticator, credentials, remoteAddress)
  }

  app.use(async (koa) => {
    const startedAt = performance.now()
    const exchange = new Exchange(koa.req, koa.res, parts.proxyWords.addressOf(koa.req))
    koa.state['exchange'] = exchange
    // We write the answer ourselves: Koa's respond() would guess again what we know.
    koa.respond = false
    let outcome: Answer
    try {
      outcome = await answer(koa, exchange)
    } catch (error) {
      outcome = faultAnswer(error, exchange.requestId)
      report(error, exchange)
    }
    const cors = koa.method === 'OPTIONS' ? undefined : parts.cors.actual(koa.req)
    exchange.send(outcome, parts.isDraining() ? { ...cors, Connection: 'close' } : cors)
    parts.unreadAnswers?.watch(koa.res)
    complete(exchange, outcome.status, performance.now() - startedAt)
  })

  // Koa attaches a watcher to the end of every answer, for what Exchange sees to itself (ADR 0007).
  Object.assign(app, {
    handleRequest: (koa: Koa.Context, handle: (koa: Koa.Context) => Promise<void>) =>
      handle(koa).catch((error: Error) => koa.onerror(error)),
  })

  // Koa would print them. What went wrong below us is our bug; a connection that broke is its client's affair.
  app.on('error', (error: Error, koa: Koa.Context) => {
    if (!('syscall' in error)) report(error, koa.state['exchange'] as Exchange)
  })

  function report(error: unknown, exchange: Exchange): void {
    const { requestId, route, remoteAddress } = exchange
    if (!isClientFault(error)) parts.observer.failed(error, { requestId, route })
    if (!(error instanceof Fault) || error.kind !== 'unauthorized') return
    parts.observer.refused({ requestId, remoteAddress, reason: error.message })
  }

  function complete(exchange: Exchange, status: number, durationMs: number): void {
    if (parts.onClearText !== undefined && !isEncrypted(exchange.request)) {
      parts.onClearText({
        remoteAddress: exchange.remoteAddress,
        projectId: exchange.caller?.projectId,
        userAgent: exchange.request.headers['user-agent'],
      })
    }
    parts.observer.completed({
      method: exchange.request.method ?? '',
      route: exchange.route,
      status,
      durationMs,
      bytes: exchange.bytes,
      requestId: exchange.requestId,
      globalRequestId: exchange.globalRequestId,
      remoteAddress: exchange.remoteAddress,
      caller: exchange.caller,
      microversion: exchange.microversion,
    })
  }

  return app
}

function credentialsOf(koa: Koa.Context, exchange: Exchange): Credentials {
  return {
    method: koa.method,
    path: exchange.path,
    header: (name) => exchange.header(name),
    headerNames: () => Object.keys(exchange.request.headers),
  }
}

/** Clients double slashes and end paths in one; both mean the same resource (contract 00). */
function tidyPath(path: string): string {
  if (!path.includes('//') && (path.length === 1 || !path.endsWith('/'))) return path
  const single = path.replace(/\/{2,}/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}

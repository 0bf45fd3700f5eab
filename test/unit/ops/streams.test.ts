import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CompletedRequest } from '../../../src/http/observer.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import type { Caller } from '../../../src/model/requestContext.ts'
import { AccessLog } from '../../../src/ops/accessLog.ts'
import { Audit, type AuditEvent } from '../../../src/ops/audit.ts'
import type { Decision } from '../../../src/policy/policy.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0, 7)

const caller: Caller = {
  userId: 'ann',
  projectId: 'demo' as ProjectId,
  roles: new Set(['creator']),
  domainId: null,
  userDomainId: null,
  projectDomainId: null,
  strategy: 'token',
}

const request: CompletedRequest = {
  method: 'GET',
  route: '/v1/secrets/{secret_id}/payload',
  status: 200,
  durationMs: 1.23456,
  bytes: 32,
  requestId: 'req-1',
  globalRequestId: null,
  remoteAddress: '::1',
  caller,
  microversion: 1,
}

function accessLog(
  options: { readonly level?: 'all' | 'errors' | 'none'; readonly sample?: number } = {},
) {
  const written: string[] = []
  const log = new AccessLog({
    level: options.level ?? 'all',
    sample: options.sample ?? 1,
    write: (lines) => void written.push(lines),
    epochMs: () => NOON_MS,
  })
  const lines = () => {
    log.flush()
    return written
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
  return { log, lines, written }
}

describe('the access log', () => {
  it('has one record per request with what an operator asks for', () => {
    const { log, lines } = accessLog()
    log.record(request)
    assert.deepEqual(lines(), [
      {
        level: 'info',
        time: '2026-11-22T12:00:00.007Z',
        message: 'request',
        method: 'GET',
        route: '/v1/secrets/{secret_id}/payload',
        status: 200,
        ms: 1.235,
        bytes: 32,
        requestId: 'req-1',
        globalRequestId: null,
        project: 'demo',
        user: 'ann',
        remote: '::1',
        microversion: '1.1',
      },
    ])
  })

  it('says null of what is not known, as for a request without a token', () => {
    const { log, lines } = accessLog()
    log.record({ ...request, caller: undefined, microversion: undefined, status: 401 })
    const [line] = lines()
    assert.deepEqual([line.project, line.user, line.microversion], [null, null, null])
  })

  it('can be kept to errors, to a share of the successes, or to nothing', () => {
    const count = (
      options: Parameters<typeof accessLog>[0],
      status: number,
      route = request.route,
    ) => {
      const { log, lines } = accessLog(options)
      for (let index = 0; index < 1000; index += 1) log.record({ ...request, status, route })
      return lines().length
    }
    assert.equal(count({}, 200), 1000)
    assert.equal(count({ level: 'errors' }, 200), 0)
    assert.equal(count({ level: 'errors' }, 404), 1000)
    assert.equal(count({ level: 'none' }, 500), 0)
    assert.equal(count({ sample: 0.25 }, 200), 250)
    assert.equal(count({ sample: 0 }, 200), 0)
    assert.equal(count({ sample: 0 }, 503), 1000)
    // Of these a flood makes as many as it likes.
    assert.equal(count({ sample: 0.25 }, 429), 250)
    assert.equal(count({ level: 'errors', sample: 1 }, 429), 1000)
    assert.equal(count({}, 200, '/healthcheck'), 0)
    assert.equal(count({}, 503, '/healthcheck'), 1000)
  })

  it('is one line of JSON whatever ids and addresses are made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), (user, remoteAddress) => {
        const { log, lines } = accessLog()
        log.record({ ...request, remoteAddress, caller: { ...caller, userId: user } })
        const [line, ...more] = lines()
        assert.equal(more.length, 0)
        assert.equal(line.user, user.toWellFormed())
        assert.equal(line.remote, remoteAddress)
      }),
    )
  })

  it('writes few times, and at once when much waits', () => {
    const { log, written } = accessLog()
    for (let index = 0; index < 50; index += 1) log.record(request)
    assert.equal(written.length, 0)
    for (let index = 0; index < 1000; index += 1) log.record(request)
    assert.ok(written.length >= 5 && written.length < 20, `${written.length} writes`)
  })

  it('does not let lines wait for more than a moment', async () => {
    const { log, written } = accessLog()
    log.record(request)
    const started = performance.now()
    while (written.length === 0 && performance.now() - started < 60_000) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(written.length, 1)
  })
})

function audit() {
  const written: string[] = []
  const events: AuditEvent[] = []
  const stream = new Audit({
    write: (lines) => void written.push(lines),
    epochMs: () => NOON_MS,
    onLine: (event) => void events.push(event),
  })
  const lines = () => {
    stream.flush()
    return written
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return { stream, lines, events, written }
}

const decision: Decision = {
  ctx: {
    requestId: 'req-1',
    globalRequestId: 'req-0',
    remoteAddress: '::1',
    caller,
    microversion: 0,
  },
  rule: 'secret:decrypt',
  kind: 'secret',
  id: '11111111-1111-4111-8111-111111111111',
  projectId: 'other',
  allowed: false,
}

describe('the audit stream', () => {
  it('says of each decision who asked for what, by which rule, and what came of it', () => {
    const { stream, lines, events } = audit()
    stream.decided(decision)
    stream.decided({ ...decision, allowed: true })
    const [denied, allowed] = lines()
    assert.deepEqual(denied, {
      time: '2026-11-22T12:00:00.007Z',
      event: 'decision',
      requestId: 'req-1',
      globalRequestId: 'req-0',
      strategy: 'token',
      user: 'ann',
      project: 'demo',
      remote: '::1',
      rule: 'secret:decrypt',
      kind: 'secret',
      id: '11111111-1111-4111-8111-111111111111',
      targetProject: 'other',
      allowed: false,
    })
    assert.equal(allowed.allowed, true)
    assert.deepEqual(events, ['denied', 'allowed'])
  })

  it('has a line for those who could not say who they are, without their token', () => {
    const { stream, lines, events } = audit()
    stream.unauthenticated({
      requestId: 'req-1',
      remoteAddress: '::1',
      reason: 'token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl refused\nby "x"',
    })
    const [line] = lines()
    assert.equal(line.event, 'unauthenticated')
    assert.equal(line.reason, 'token [token] refused\nby "x"')
    assert.deepEqual(events, ['unauthenticated'])
  })

  it('writes an integrity alarm at once', () => {
    const { stream, written } = audit()
    stream.integrity({ what: 'row MAC does not match', kind: 'secret', id: 'x', projectId: null })
    assert.equal(written.length, 1)
    assert.match(written[0] ?? '', /"event":"integrity","what":"row MAC does not match"/)
  })

  it('writes each step of a project’s end at once', () => {
    const { stream, lines, events } = audit()
    stream.projectEnds('keysDestroyed', 'a"}\n{"what":"x')
    const [line] = lines()
    assert.equal(line.event, 'project')
    assert.equal(line.what, 'keysDestroyed')
    assert.equal(line.targetProject, 'a"}\n{"what":"x')
    assert.deepEqual(events, ['project'])
  })

  it('keeps its lines apart, however hostile a project id is', () => {
    const { stream, lines } = audit()
    const projectId = 'a"}\n{"allowed":true' as ProjectId
    stream.decided({ ...decision, ctx: { ...decision.ctx, caller: { ...caller, projectId } } })
    assert.equal(lines().length, 1)
    assert.equal(lines()[0].project, projectId)
  })
})

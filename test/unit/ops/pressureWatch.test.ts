import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogFields } from '../../../src/lib/log.ts'
import { Audit } from '../../../src/ops/audit.ts'
import { Metrics } from '../../../src/ops/metrics.ts'
import { PressureWatch } from '../../../src/ops/pressureWatch.ts'

function watchOn() {
  const lines: { readonly fields: LogFields; readonly message: string }[] = []
  let audited = ''
  let nowMs = 0
  const ignore = (): void => undefined
  const metrics = new Metrics()
  const audit = new Audit({
    write: (text) => {
      audited += text
    },
    epochMs: () => 0,
    onLine: ignore,
  })
  const watch = new PressureWatch({
    metrics,
    log: {
      debug: ignore,
      info: ignore,
      warn: (fields, message) => void lines.push({ fields, message }),
      error: ignore,
      fatal: ignore,
    },
    audit,
    monotonicMs: () => nowMs,
  })
  return {
    watch,
    lines,
    metrics,
    wait: (ms: number) => {
      nowMs += ms
    },
    audited: () => {
      audit.flush()
      return audited.split('\n').filter((line) => line !== '')
    },
  }
}

const REQUEST = {
  kind: 'project',
  remoteAddress: '192.0.2.1',
  projectId: 'p',
  userId: 'u',
} as const

test('every refused request is counted, under its limit and nobody’s name, and a few a minute are written down', async () => {
  const { watch, lines, metrics, wait, audited } = watchOn()
  for (let index = 0; index < 10_000; index += 1) watch.limited(REQUEST)
  const text = await metrics.text()
  assert.match(text, /^gatehouse_rate_limited_requests_total\{limit="project"\} 10000$/m)
  assert.match(text, /^gatehouse_rate_limited_requests_total\{limit="failed logins"\} 0$/m)
  assert.ok(!text.includes('192.0.2.1'))
  assert.equal(lines.length, 60)
  assert.equal(audited().length, 60)
  wait(60_000)
  watch.limited(REQUEST)
  assert.deepEqual(lines.at(-1)?.fields, {
    limit: 'project',
    remote: '192.0.2.1',
    project: 'p',
    user: 'u',
    heldBack: 9_940,
  })
  const { time: _, ...last } = JSON.parse(audited().at(-1) ?? '')
  assert.deepEqual(last, {
    event: 'limited',
    limit: 'project',
    remote: '192.0.2.1',
    user: 'u',
    project: 'p',
    heldBack: 9_940,
  })
})

test('so are those that were sent away, and those that did not read', async () => {
  const { watch, lines, metrics } = watchOn()
  for (let index = 0; index < 100; index += 1) {
    watch.shed('late loop')
    watch.shed('too many requests')
    watch.unread('192.0.2.1')
  }
  const text = await metrics.text()
  assert.match(text, /^gatehouse_shed_requests_total\{reason="late loop"\} 100$/m)
  assert.match(text, /^gatehouse_shed_requests_total\{reason="too many requests"\} 100$/m)
  assert.match(text, /^gatehouse_unread_answers_total\{outcome="cut"\} 100$/m)
  assert.equal(lines.length, 120)
})

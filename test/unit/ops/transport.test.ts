import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log, LogFields } from '../../../src/lib/log.ts'
import { ClearTextWatch } from '../../../src/ops/clearTextWatch.ts'
import { LineBrake } from '../../../src/ops/lineBrake.ts'

function watching() {
  let nowMs = 0
  let requests = 0
  const lines: LogFields[] = []
  const log = { warn: (fields: LogFields) => void lines.push(fields) } as unknown as Log
  const watch = new ClearTextWatch({
    log,
    onRequest: () => {
      requests += 1
    },
    monotonicMs: () => nowMs,
  })
  const pass = (ms: number): void => {
    nowMs += ms
  }
  return { watch, lines, pass, requests: () => requests }
}

const client = { remoteAddress: '10.0.0.1', projectId: 'p', userAgent: 'castellan' }

test('a client in clear text has one line an hour, however often it comes', () => {
  const { watch, lines, pass, requests } = watching()
  for (let times = 0; times < 100; times += 1) watch.came(client)
  pass(3_599_999)
  watch.came(client)
  assert.equal(lines.length, 1)
  pass(1)
  watch.came(client)
  assert.equal(lines.length, 2)
  assert.equal(requests(), 102)
  assert.deepEqual(lines[0], {
    remote: '10.0.0.1',
    project: 'p',
    userAgent: 'castellan',
    heldBack: 0,
  })
})

test('clients are told apart by address, project and program, and forgotten after an hour', () => {
  const { watch, pass } = watching()
  watch.came(client)
  watch.came({ ...client, userAgent: 'curl' })
  watch.came({ ...client, projectId: undefined })
  watch.came({ ...client, remoteAddress: '10.0.0.2' })
  assert.equal(watch.clients(), 4)
  pass(3_600_000)
  watch.came(client)
  assert.equal(watch.clients(), 1)
})

test('one that calls itself something else each time fills neither memory nor log', () => {
  const { watch, lines, pass } = watching()
  for (let times = 0; times < 5_000; times += 1) {
    watch.came({ ...client, userAgent: `agent ${times} ${'x'.repeat(10_000)}\n` })
  }
  assert.equal(watch.clients(), 1_000)
  assert.equal(lines.length, 60)
  assert.ok(lines.every(({ userAgent }) => String(userAgent).length <= 120))
  pass(60_000)
  watch.came({ ...client, userAgent: 'another' })
  assert.equal(lines.at(-1)?.['heldBack'], 4_940)
})

test('lines are held back within a minute and counted', () => {
  let nowMs = 0
  const brake = new LineBrake(2, () => nowMs)
  assert.deepEqual(
    [brake.next(), brake.next(), brake.next(), brake.next()],
    [0, 0, undefined, undefined],
  )
  nowMs = 60_000
  assert.deepEqual([brake.next(), brake.next(), brake.next()], [2, 0, undefined])
})

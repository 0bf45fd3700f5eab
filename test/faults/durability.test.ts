import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTrace, type TraceFindings } from './traceOfSyncs.ts'

/*
 * A kill does not test durability: the page cache survives it. So the process is watched from outside:
 * no acknowledgement may leave before the log was flushed.
 */

const INSERTS = 30 + 16 * 30
const canTrace = spawnSync('strace', ['-f', 'true']).status === 0
const skip = canTrace ? false : 'needs strace, and the right to trace'

function traced(
  t: { after(work: () => void): void },
  synchronous: 'FULL' | 'NORMAL',
): TraceFindings {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-durability-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'gatehouse.db')
  const trace = join(folder, 'trace')
  const victim = join(import.meta.dirname, 'durabilityVictim.ts')
  const run = spawnSync(
    'strace',
    [
      ...['-f', '-y', '-s', '32', '-e', 'trace=write,pwrite64,fsync,fdatasync', '-o', trace],
      ...[process.execPath, victim, `sqlite:///${path}`, synchronous],
    ],
    { encoding: 'utf8', timeout: 120_000 },
  )
  assert.equal(run.status, 0, run.stderr)
  return readTrace(readFileSync(trace, 'utf8'), `${path}-wal`)
}

test('every acknowledgement follows a flush of the log that holds the change', { skip }, (t) => {
  const { acknowledged, unflushed } = traced(t, 'FULL')
  assert.equal(acknowledged, INSERTS)
  assert.deepEqual(unflushed, [])
})

test('the same look turns red with synchronous=NORMAL', { skip }, (t) => {
  const { acknowledged, unflushed } = traced(t, 'NORMAL')
  assert.equal(acknowledged, INSERTS)
  assert.ok(unflushed.length > INSERTS / 2, `${unflushed.length} of ${acknowledged} unflushed`)
})

test('the reader of traces: flushed before, too late, of another file, failed, and overtaken', () => {
  const log = '/db-wal'
  const ask = (n: number) => `1 write(1</out>, "ask ${n}\\n", 6) = 6`
  const ack = (n: number) => `1 write(1</out>, "ack ${n}\\n", 6) = 6`
  const write = `2 pwrite64(9<${log}>, "x"..., 4096, 0) = 4096`
  const flush = `2 fsync(9<${log}>) = 0`
  const traces: Readonly<Record<string, readonly [readonly string[], readonly number[]]>> = {
    good: [[ask(1), write, flush, ack(1)], []],
    late: [[ask(1), write, ack(1), flush], [1]],
    'not written': [[ask(1), flush, ack(1)], [1]],
    'written before the command': [[write, ask(1), flush, ack(1)], [1]],
    'another file': [[ask(1), write, '2 fsync(8</db>) = 0', ack(1)], [1]],
    failed: [[ask(1), write, `2 fsync(9<${log}>) = -1 EIO (Input/output error)`, ack(1)], [1]],
    unfinished: [[ask(1), write, `2 fsync(9<${log}> <unfinished ...>`, ack(1)], [1]],
    resumed: [
      [ask(1), write, `2 fsync(9<${log}> <unfinished ...>`, '2 <... fsync resumed>) = 0', ack(1)],
      [],
    ],
    'begun before the write': [
      [
        ask(1),
        `2 fsync(9<${log}> <unfinished ...>`,
        `3 ${write.slice(2)}`,
        '2 <... fsync resumed>) = 0',
        ack(1),
      ],
      [1],
    ],
    shared: [[ask(1), ask(2), write, flush, ack(1), ack(2)], []],
    'the second came after the write': [[ask(1), write, ask(2), flush, ack(1), ack(2)], [2]],
  }
  for (const [name, [lines, unflushed]] of Object.entries(traces)) {
    assert.deepEqual(readTrace(lines.join('\n'), log).unflushed, unflushed, name)
  }
})

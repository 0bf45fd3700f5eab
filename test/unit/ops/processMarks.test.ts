import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type ProcFiles, ProcProcessMarks } from '../../../src/ops/processMarks.ts'

const SOURCE = join(import.meta.dirname, '../../../src/ops/processMarks.ts')

/** A machine made of strings; a path that is not there is ENOENT. */
function machine(files: Readonly<Record<string, string>>, namespace = 'pid:[1]'): ProcFiles {
  const read = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' })
    if (text === 'EACCES') throw Object.assign(new Error(path), { code: 'EACCES' })
    return text
  }
  return { read, link: () => namespace }
}

function stat(pid: number, start: number, name = 'node'): string {
  return `${pid} (${name}) S 1 ${'0 '.repeat(17)}${start} 0 0`
}

const BOOT = { '/proc/sys/kernel/random/boot_id': 'boot-1\n' }
const SELF = { ...BOOT, '/proc/self/stat': stat(7, 700) }

/** How process 7 of the same world is called. */
const seven = new ProcProcessMarks(machine(SELF)).own

function judge(files: Readonly<Record<string, string>>, namespace?: string): boolean {
  const me = { ...BOOT, '/proc/self/stat': stat(9, 900), ...files }
  return new ProcProcessMarks(machine(me, namespace)).isDead(seven)
}

describe('the mark of a process', () => {
  test('fits a lease owner and is another for each', () => {
    const marks = new Set(Array.from({ length: 50 }, () => new ProcProcessMarks().own))
    assert.ok(marks.size > 45)
    const longest = machine({ ...BOOT, '/proc/self/stat': stat(4_194_304, 36 ** 7 - 1) })
    assert.equal(new ProcProcessMarks(longest).own.length, 31)
    for (const mark of marks) assert.ok(mark.length <= 31)
  })

  test('a process that runs is not dead, one that ended is', async () => {
    const marks = new ProcProcessMarks()
    assert.equal(marks.isDead(marks.own), false)
    const script =
      `import { ProcProcessMarks } from ${JSON.stringify(SOURCE)}\n` +
      'console.log(new ProcProcessMarks().own)\nsetInterval(() => undefined, 1000)'
    const other = spawn(process.execPath, ['--input-type=module', '-e', script])
    const [line] = await once(other.stdout, 'data')
    const mark = String(line).trim()
    assert.equal(marks.isDead(mark), false)
    other.kill('SIGKILL')
    await once(other, 'exit')
    assert.equal(marks.isDead(mark), true)
  })

  test('a pid that is gone, or is another process by now, is dead', () => {
    assert.equal(judge({ '/proc/7/stat': stat(7, 700) }), false)
    assert.equal(judge({ '/proc/7/stat': stat(7, 700, 'evil) S 1 2 (name') }), false)
    assert.equal(judge({}), true)
    assert.equal(judge({ '/proc/7/stat': stat(7, 701) }), true)
  })

  test('nobody is called dead who cannot be seen: another boot, another pid namespace, no leave to look', () => {
    assert.equal(judge({ '/proc/sys/kernel/random/boot_id': 'boot-2\n' }), false)
    assert.equal(judge({}, 'pid:[2]'), false)
    assert.equal(judge({ '/proc/7/stat': 'EACCES' }), false)
    assert.equal(judge({ '/proc/7/stat': '7 (garbled' }), false)
  })

  test('without /proc marks are random, and nobody is dead', () => {
    const [one, other] = [new ProcProcessMarks(machine({})), new ProcProcessMarks(machine({}))]
    assert.notEqual(one.own, other.own)
    assert.equal(one.isDead(other.own), false)
    assert.equal(one.isDead(seven), false)
  })

  test('what is no mark is nobody who is dead', () => {
    const marks = new ProcProcessMarks()
    const [world] = marks.own.split('-')
    for (const mark of ['', 'x', '-', `${world}`, `${world}--`, `${world}-%-1-0`, 'a'.repeat(36)]) {
      assert.equal(marks.isDead(mark), false, mark)
    }
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { LineFile } from '../../../src/ops/lineFile.ts'

interface CleansUp {
  after(work: () => void): unknown
}

function freshPath(t: CleansUp): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lines-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'x.log')
}

function opened(path: string) {
  const troubles: string[] = []
  const file = LineFile.open({
    path,
    mode: 0o600,
    closeWithinMs: 300,
    onTrouble: ({ kind, code }) => void troubles.push(`${kind} ${code}`),
  })
  return { file, troubles }
}

describe('a file of lines', () => {
  it('holds every line in order once it is closed, for its owner alone', async (t) => {
    const path = freshPath(t)
    const { file } = opened(path)
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} é\n`)
    for (const line of lines) file.write(line)
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), lines.join(''))
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('is continued, not replaced, by the next start', async (t) => {
    const path = freshPath(t)
    for (const line of ['a\n', 'b\n']) {
      const { file } = opened(path)
      file.write(line)
      await file.close()
    }
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n')
  })

  it('goes on in a new file after it was moved away, and loses nothing', async (t) => {
    const path = freshPath(t)
    const { file } = opened(path)
    for (let index = 0; index < 100; index += 1) file.write(`${index}\n`)
    renameSync(path, `${path}.1`)
    file.reopen()
    for (let index = 100; index < 200; index += 1) file.write(`${index}\n`)
    await file.close()
    const both = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
    assert.deepEqual(
      both.trim().split('\n').map(Number),
      Array.from({ length: 200 }, (_, i) => i),
    )
    assert.notEqual(readFileSync(path, 'utf8'), '')
  })

  it('keeps every line whole when it is moved away while more waits than one write takes', async (t) => {
    const path = freshPath(t)
    const { file } = opened(path)
    const lines = Array.from(
      { length: 3000 },
      (_, index) => `${index} ${'é'.repeat(index % 300)}\n`,
    )
    file.write(lines.join(''))
    renameSync(path, `${path}.1`)
    file.reopen()
    await file.close()
    const [before, after] = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]
    assert.equal(before + after, lines.join(''))
    assert.ok(before.endsWith('\n') && before.length > 0 && after.length > 0)
  })

  it('stays open when its folder is gone at the moment of reopening', async (t) => {
    const path = freshPath(t)
    const { file, troubles } = opened(path)
    rmSync(join(path, '..'), { recursive: true })
    file.reopen()
    file.write('still alive\n')
    await file.close()
    assert.deepEqual(troubles, ['failing ENOENT'])
    opened(path)
  })

  it('on a full disk says so once, keeps what it can, then drops, and never throws', async () => {
    const { file, troubles } = opened('/dev/full')
    const megabyte = `${'x'.repeat(1024 * 1024 - 1)}\n`
    for (let index = 0; index < 20; index += 1) file.write(megabyte)
    await file.close()
    assert.deepEqual(troubles.slice(0, 3), Array(3).fill('dropped too much waits'))
    assert.equal(troubles.filter((trouble) => trouble === 'failing ENOSPC').length, 1)
    file.write('after the end\n')
    file.flushNow()
  })

  it('writes what waits at once when the process is about to end', (t) => {
    const path = freshPath(t)
    const { file } = opened(path)
    file.write('under way\n')
    file.write('last words\n')
    file.flushNow()
    assert.match(readFileSync(path, 'utf8'), /last words\n/)
  })

  it('that cannot be opened refuses the start in one sentence', () => {
    assert.throws(
      () => opened('/dev/null/x.log'),
      (error) =>
        error instanceof StartupRefusal &&
        error.message === 'The log /dev/null/x.log cannot be opened for writing: ENOTDIR.',
    )
  })
})

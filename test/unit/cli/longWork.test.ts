import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LongWork } from '../../../src/cli/longWork.ts'

function room(isTerminal: boolean) {
  let written = ''
  let nowMs = 0
  const handlers = new Map<string, () => void>()
  const endedWith: number[] = []
  const work = new LongWork({
    err: {
      isTerminal,
      write: (text) => {
        written += text
      },
    },
    monotonicMs: () => nowMs,
    onSignal: (name, handler) => void handlers.set(name, handler),
    exitNow: (code) => void endedWith.push(code),
  })
  return {
    work,
    endedWith,
    written: () => written,
    wait: (ms: number) => {
      nowMs += ms
    },
    send: (signal: string) => handlers.get(signal)?.(),
  }
}

describe('long work', () => {
  it('moves a bar on a terminal, and ends its line', () => {
    const { work, wait, written } = room(true)
    const advance = work.begin('sealing rows', 200)
    advance(50)
    assert.equal(written(), '', 'not before somebody could have begun to wonder')
    wait(150)
    advance(50)
    advance(100)
    const [half, all] = written().split('\r').slice(1)
    assert.equal(half, `sealing rows         [${'#'.repeat(15)}${'.'.repeat(15)}]  50 %`)
    assert.equal(all, `sealing rows         [${'#'.repeat(30)}] 100 %\n`)
  })

  it('says a plain line now and then elsewhere, and nothing of what is soon done', () => {
    const { work, wait, written } = room(false)
    const short = work.begin('short', 10)
    short(10)
    assert.equal(written(), '')
    const long = work.begin('long', 10)
    wait(11_000)
    long(5)
    long(1)
    long(4)
    assert.equal(written(), 'long: 50 %\nlong: 100 %\n')
  })

  it('never shows more than all of it', () => {
    const { work, written } = room(true)
    const advance = work.begin('rows', 0)
    advance(3)
    assert.match(written(), /100 %\n$/)
  })

  it('ends with a refusal at its next step after a signal, and at once after a second', () => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      const { work, send, endedWith } = room(false)
      const advance = work.begin('rows', 10)
      advance(1)
      send(signal)
      assert.throws(() => advance(1), /Interrupted: nothing was kept\./)
      assert.deepEqual(endedWith, [])
      send(signal)
      assert.deepEqual(endedWith, [1])
    }
  })
})

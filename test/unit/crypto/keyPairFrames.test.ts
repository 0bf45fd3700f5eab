import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, frameOf } from '../../../src/crypto/keyPairFrames.ts'

const fields = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 })

test('a frame comes out as it went in, however the pipe cuts it', () => {
  fc.assert(
    fc.property(fields, fc.integer({ min: 1, max: 50 }), (sent, step) => {
      const frame = frameOf(sent)
      const reader = new FrameReader()
      for (let at = 0; at < frame.length; at += step) {
        const got = reader.push(Buffer.from(frame.subarray(at, at + step)))
        if (at + step < frame.length) assert.equal(got, undefined)
        else assert.deepEqual(got, sent.map(Buffer.from))
      }
    }),
  )
})

test('what was pushed is wiped, whole frame or not', () => {
  const frame = frameOf([Buffer.from('a key'), Buffer.from('another')])
  const reader = new FrameReader()
  const pieces = [Buffer.from(frame.subarray(0, 7)), Buffer.from(frame.subarray(7))]
  for (const piece of pieces) {
    reader.push(piece)
    assert.ok(piece.every((byte) => byte === 0))
  }
})

test('what is no frame is refused, and nothing longer than a key pair is waited for', () => {
  assert.throws(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1')), /longer/)
  const lying = frameOf([Buffer.from('x')])
  lying.writeUInt32BE(9999, 4)
  assert.throws(() => new FrameReader().push(lying), /field/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  RedisNonsense,
  RedisReplies,
  type RedisReply,
  redisCommand,
} from '../../../src/identity/redisReplies.ts'

const MOST = 64

function readAll(pieces: readonly Buffer[]): readonly RedisReply[] {
  const replies: RedisReply[] = []
  const reader = new RedisReplies(MOST, (reply) => replies.push(reply))
  for (const piece of pieces) reader.read(piece)
  return replies
}

const REPLIES = Buffer.from('+OK\r\n$5\r\na\r\nbc\r\n$-1\r\n-OOM no room\r\n:1\r\n$0\r\n\r\n')

test('replies are the same however they are cut', () => {
  const whole = readAll([REPLIES])
  assert.deepEqual(
    whole.map((reply) => (reply.kind === 'bytes' ? reply.value?.toString() : reply.text)),
    ['OK', 'a\r\nbc', undefined, 'OOM no room', '1', ''],
  )
  for (let at = 0; at <= REPLIES.length; at += 1) {
    assert.deepEqual(readAll([REPLIES.subarray(0, at), REPLIES.subarray(at)]), whole)
  }
  assert.deepEqual(readAll([...REPLIES].map((byte) => Buffer.of(byte))), whole)
})

test('a reply that is too long, endless or of another kind is refused before it is held', () => {
  for (const text of [
    `$${MOST + 1}\r\n`,
    '$999999999999\r\n',
    '$-2\r\n',
    '$1e3\r\n',
    `+${'x'.repeat(2000)}`,
    '*2\r\n$1\r\na\r\n$1\r\nb\r\n',
    '>2\r\n',
    '%1\r\n',
    'HTTP/1.1 400 Bad Request\r\n',
    '+OK\rX',
    '$1\r\nabc\r\n',
  ]) {
    assert.throws(() => readAll([Buffer.from(text)]), RedisNonsense, text.slice(0, 20))
  }
})

test('hostile bytes are replies or nonsense, never another error', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('+OK\r\n', '$3\r\n', '$-1\r\n', ':', '\r\n', '-', '$')
      .map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        readAll(pieces)
      } catch (error) {
        assert.ok(error instanceof RedisNonsense)
      }
    }),
  )
})

test('a word of a command may hold anything, line ends included', () => {
  const value = Buffer.from([0x0d, 0x0a, 0x00, 0xff])
  assert.deepEqual(
    redisCommand(['SET', 'nämé', value]),
    Buffer.concat([
      Buffer.from('*3\r\n$3\r\nSET\r\n$6\r\nnämé\r\n$4\r\n'),
      value,
      Buffer.from('\r\n'),
    ]),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64 } from '../../../src/lib/base64.ts'

test('reads back what base64 writes, wrapped at 76 columns or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      const wrapped = `${text.replace(/.{76}/g, '$&\n')}\r\n`
      assert.deepEqual(decodeBase64(text), Buffer.from(bytes))
      assert.deepEqual(decodeBase64(wrapped), Buffer.from(bytes))
    }),
  )
})

for (const text of [
  '!!!!',
  '-_-_',
  '====',
  'QUI',
  'QUI*',
  'Q===',
  'QUJD=',
  'QQ==QQ==',
  'QUJé',
  '\0AAA',
  'A\u00a0AAA',
]) {
  test(`refuses ${JSON.stringify(text)} instead of guessing`, () => {
    assert.equal(decodeBase64(text), undefined)
  })
}

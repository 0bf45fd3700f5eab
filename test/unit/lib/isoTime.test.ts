import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIsoTime } from '../../../src/lib/isoTime.ts'
import { timestampFromMicros, wireTime } from '../../../src/lib/timestamp.ts'

const GOOD: readonly (readonly [string, string])[] = [
  ['2055-01-01', '2055-01-01T00:00:00'],
  ['2055-01', '2055-01-01T00:00:00'],
  ['2055', '2055-01-01T00:00:00'],
  ['20550102', '2055-01-02T00:00:00'],
  ['2055-1-2', '2055-01-02T00:00:00'],
  ['2055-01-02 03:04', '2055-01-02T03:04:00'],
  ['2055-01-02T03', '2055-01-02T03:00:00'],
  ['2055-01-02T03:04:05', '2055-01-02T03:04:05'],
  ['20550102T030405', '2055-01-02T03:04:05'],
  ['2055-01-02T03:04:05.5', '2055-01-02T03:04:05.500000'],
  ['2055-01-02T03:04:05,123456789', '2055-01-02T03:04:05.123456'],
  ['2055-01-02T03:04:05Z', '2055-01-02T03:04:05'],
  ['2055-01-02T03:04:05+02:00', '2055-01-02T01:04:05'],
  ['2055-01-02T03:04:05-0230', '2055-01-02T05:34:05'],
  ['2055-01-02T03:04:05+02', '2055-01-02T01:04:05'],
  ['2056-02-29T00:00:00', '2056-02-29T00:00:00'],
  ['0099-03-01', '0099-03-01T00:00:00'],
  ['9999-12-31T23:59:59.999999', '9999-12-31T23:59:59.999999'],
  ['5984-12-08T10:30:46.093', '5984-12-08T10:30:46.093000'],
  ['1066-10-14T09:00:00.000001', '1066-10-14T09:00:00.000001'],
]

for (const [text, wire] of GOOD) {
  test(`reads ${text}`, () => {
    const parsed = parseIsoTime(text)
    assert.equal(parsed && wireTime(parsed), wire)
  })
}

const BAD = [
  '',
  ' ',
  'x',
  '2055-W01-1',
  '2055-13-01',
  '2055-02-30',
  '2055-01-01T24:00',
  '2055-01-01T00:60',
  '2055-01-01T00:00:60',
  '2055-01T00:00',
  '0000-01-01',
  '2055-01-01T00:00:00+24:00',
  '9999-12-31T23:59:59-01:00',
  '0001-01-01T00:00:00+01:00',
  '2055-01-01T00:00:00+01:60',
  '2055-01-01T',
  '2055-01-01TZ',
  '20550',
  '2055-01-01\n',
  'gt:2055-01-01',
  '2055-01-01T00:00:00 00:00',
]

for (const text of BAD) {
  test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseIsoTime(text), undefined))
}

test('whatever the text, the answer is a time of fixed width or nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?Z?$/)),
      (text) => {
        const parsed = parseIsoTime(text)
        assert.ok(parsed === undefined || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/.test(parsed))
      },
    ),
  )
})

test('reads back every time it writes, to the microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (micros) => {
      const stamp = timestampFromMicros(micros)
      assert.equal(parseIsoTime(stamp), stamp)
      assert.equal(parseIsoTime(wireTime(stamp)), stamp)
    }),
  )
})

test('timestamps sort as the times they stand for', () => {
  const times = fc.integer({ min: 0, max: 4_102_444_800_000_000 })
  fc.assert(
    fc.property(times, times, (a, b) => {
      assert.equal(Math.sign(a - b) < 0, timestampFromMicros(a) < timestampFromMicros(b))
    }),
  )
})

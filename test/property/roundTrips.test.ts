import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseQuery } from '../../src/http/decode/query.ts'
import { readBody } from '../../src/http/requestBody.ts'
import { decodeBase64 } from '../../src/lib/base64.ts'
import { Fault } from '../../src/lib/fault.ts'
import { parseIsoTime } from '../../src/lib/isoTime.ts'
import { anyBytes, holds } from './arbitraries.ts'

describe('what is printed is read back', () => {
  test('base64, wrapped anywhere', () => {
    holds(fc.tuple(anyBytes, fc.integer({ min: 1, max: 80 })), ([raw, width]) => {
      const text = raw.toString('base64').replace(new RegExp(`(.{${width}})`, 'g'), '$1\r\n')
      assert.deepEqual(decodeBase64(text), raw)
    })
  })

  test('times, from the first year on', () => {
    const dates = fc.date({
      min: new Date('0001-01-01'),
      max: new Date('9999-12-31'),
      noInvalidDate: true,
    })
    holds(dates, (date) => {
      const iso = date.toISOString()
      assert.equal(parseIsoTime(iso), `${iso.slice(0, 23)}000`)
      const parsed = parseIsoTime(iso)
      assert.equal(parseIsoTime(parsed ?? ''), parsed)
    })
  })

  test('a stored time that is given back as filter or expiration is the same time', () => {
    const micros = fc.integer({ min: 0, max: 4_000_000_000_000_000 })
    holds(micros, (it) => {
      const iso = new Date(Math.floor(it / 1000)).toISOString().slice(0, 23)
      const stored = `${iso}${String(it % 1000).padStart(3, '0')}`
      assert.equal(parseIsoTime(stored.replace(/\.000000$/, '')), stored)
    })
  })

  test('query parameters', () => {
    holds(fc.dictionary(fc.string(), fc.string()), (parameters) => {
      const query = parseQuery(new URLSearchParams(parameters).toString())
      assert.deepEqual(Object.fromEntries(query), Object.fromEntries(Object.entries(parameters)))
    })
  })

  test('a body in any cuts is the body, and one byte too many is 413', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyBytes, { maxLength: 8 }), async (pieces) => {
        const whole = Buffer.concat(pieces)
        const stream = () =>
          Object.assign(Readable.from(pieces.map((it) => Buffer.from(it))), { headers: {} })
        const read = (limit: number) => readBody(stream() as never, limit)
        assert.deepEqual(await read(whole.length), whole)
        if (whole.length > 0) {
          await assert.rejects(
            read(whole.length - 1),
            (error: unknown) => error instanceof Fault && error.kind === 'tooLarge',
          )
        }
      }),
      { numRuns: 100 },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RecordWriter } from '../../../../src/domain/backup/recordWriter.ts'
import { decodeParts, encodeParts, TAGS } from '../../../../src/domain/backup/rowStream.ts'
import type { BackupPart, BackupValue } from '../../../../src/domain/ports/backup.ts'
import { StartupRefusal } from '../../../../src/lib/startupRefusal.ts'
import { allOf, eachOf, inPieces, listOf } from '../../../support/pieces.ts'
import { refusal } from '../../../support/refusals.ts'

type Table = { readonly name: string; readonly rows: readonly (readonly BackupValue[])[] }

const VALUES: readonly (readonly BackupValue[])[] = [
  ['', null, 0],
  ['Größe 🔑\u0000', Uint8Array.of(0, 255), Number.MAX_SAFE_INTEGER],
  ['0', new Uint8Array(0), Number.MIN_SAFE_INTEGER],
]
const TABLES: readonly Table[] = [
  { name: 'first', rows: VALUES },
  { name: 'empty', rows: [] },
  { name: 'last', rows: VALUES.slice(1) },
]
const COLUMNS = ['a', 'b', 'c']

async function encoded(tables: readonly Table[]): Promise<Buffer> {
  const parts = tables.flatMap(({ name, rows }): readonly BackupPart[] => [
    { kind: 'table', name, columns: COLUMNS },
    { kind: 'rows', rows },
  ])
  return allOf(encodeParts(eachOf(parts), () => undefined))
}

async function decoded(bytes: Uint8Array, pieceBytes?: number): Promise<readonly Table[]> {
  const found: { name: string; rows: (readonly BackupValue[])[] }[] = []
  for await (const part of decodeParts(inPieces(bytes, pieceBytes))) {
    if (part.kind === 'table') {
      assert.deepEqual(part.columns, COLUMNS)
      found.push({ name: part.name, rows: [] })
    }
    if (part.kind === 'rows') found.at(-1)?.rows.push(...part.rows.map(plain))
  }
  return found
}

function plain(row: readonly BackupValue[]): readonly BackupValue[] {
  return row.map((value) => (value instanceof Uint8Array ? Uint8Array.from(value) : value))
}

function records(write: (writer: RecordWriter) => void): Uint8Array {
  const writer = new RecordWriter()
  write(writer)
  return writer.take()
}

function table(writer: RecordWriter): void {
  writer.record(TAGS.table).text('t').count(1).text('a').endRecord()
}

describe('the row stream', () => {
  test('gives back what was written, wherever its pieces are cut', async () => {
    const bytes = await encoded(TABLES)
    for (const size of [1, 2, 7, 64, bytes.length]) {
      assert.deepEqual(await decoded(bytes, size), TABLES, `pieces of ${size}`)
    }
  })

  test('gives back any value of any row', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.uint8Array({ maxLength: 300 }),
      fc.constant(null),
    )
    const rows = fc.array(fc.tuple(value, value, value), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 100 }), async (given, size) => {
        // One zero: -0 is no number of a database.
        const wanted = given.map((row) => row.map((it) => (it === 0 ? 0 : it)))
        const tables = [{ name: 'first', rows: wanted }]
        assert.deepEqual(await decoded(await encoded(tables), size), tables)
      }),
      { numRuns: 200 },
    )
  })

  test('never confuses text, bytes, numbers and null', async () => {
    const alike: readonly BackupValue[] = ['1', Uint8Array.of(0x31), 1, null, '', new Uint8Array(0)]
    const one = (value: BackupValue) => encoded([{ name: 't', rows: [[value, null, null]] }])
    const forms = new Set<string>()
    for (const value of alike) forms.add((await one(value)).toString('hex'))
    assert.equal(forms.size, alike.length)
  })

  test('the sum of a table does not depend on the order of its rows, and on all else', async () => {
    const sumOf = async (rows: readonly (readonly BackupValue[])[]): Promise<string> => {
      const parts: BackupPart[] = [
        { kind: 'table', name: 't', columns: COLUMNS },
        { kind: 'rows', rows },
      ]
      let sum = ''
      await allOf(
        encodeParts(eachOf(parts), (it) => {
          sum = Buffer.from(it.digest).toString('hex')
        }),
      )
      return sum
    }
    const sum = await sumOf(VALUES)
    assert.equal(await sumOf(VALUES.toReversed()), sum)
    const [first = [], ...rest] = VALUES
    for (const other of [
      rest,
      [...VALUES, first],
      [first, first, ...rest],
      [['x', null, 0], ...rest],
    ]) {
      assert.notEqual(await sumOf(other), sum)
    }
  })

  test('a number that no column of ours holds is refused with its table', async () => {
    for (const value of [0.5, 2 ** 53, Number.NaN]) {
      const row = encoded([{ name: 'secrets', rows: [[value, null, null]] }])
      await assert.rejects(row, refusal(/A row of secrets holds the number/))
    }
  })
})

describe('a hostile row stream', () => {
  test('cut anywhere is refused', async () => {
    const bytes = await encoded(TABLES)
    for (let end = 0; end < bytes.length; end += 1) {
      await assert.rejects(decoded(bytes.subarray(0, end)), StartupRefusal, `cut at ${end}`)
    }
  })

  test('with one bit turned anywhere is refused, or says the same of names alone', async () => {
    const bytes = await encoded(TABLES)
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      // Names of tables and columns are under no sum: whoever restores looks them up in a list of their own.
      const error = await listOf(decodeParts(inPieces(flipped))).then(
        (parts) => parts.filter((part) => part.kind === 'rows'),
        (cause: unknown) => cause,
      )
      if (error instanceof StartupRefusal) continue
      const rows = await listOf(decodeParts(inPieces(bytes)))
      assert.deepEqual(
        error,
        rows.filter((part) => part.kind === 'rows'),
        `byte ${at}`,
      )
    }
  })

  const hostile: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'a row outside of any table': [
      records((w) => w.record(TAGS.row).value(1, 't').endRecord()),
      /row stands outside/,
    ],
    'a sum outside of any table': [
      records((w) => w.record(TAGS.sum).integer(0).raw(new Uint8Array(32)).endRecord()),
      /sum stands outside/,
    ],
    'a table inside a table': [
      records((w) => {
        table(w)
        table(w)
      }),
      /table begins inside/,
    ],
    'an end inside a table': [
      records((w) => {
        table(w)
        w.record(TAGS.end).count(1).endRecord()
      }),
      /ends inside a table/,
    ],
    'a forged number of tables': [
      records((w) => w.record(TAGS.end).count(1).endRecord()),
      /ends inside a table/,
    ],
    'something behind the end': [
      records((w) => {
        w.record(TAGS.end).count(0).endRecord()
        w.record(TAGS.end).count(0).endRecord()
      }),
      /follows its end/,
    ],
    'a record of an unknown kind': [records((w) => w.record(9).endRecord()), /unknown kind \(9\)/],
    'a value of an unknown kind': [
      records((w) => {
        table(w)
        w.record(TAGS.row).raw(Uint8Array.of(7)).endRecord()
      }),
      /value is of an unknown kind \(7\)/,
    ],
    'a row with too few values': [
      records((w) => {
        table(w)
        w.record(TAGS.row).endRecord()
      }),
      /shorter than what/,
    ],
    'a row with too many values': [
      records((w) => {
        table(w)
        w.record(TAGS.row).value(1, 't').value(2, 't').endRecord()
      }),
      /longer than what/,
    ],
    'a text that reaches into the next record': [
      records((w) => {
        table(w)
        w.record(TAGS.row)
          .raw(Uint8Array.of(1, 0, 0, 0, 9))
          .endRecord()
        w.record(TAGS.end).count(0).endRecord()
      }),
      /shorter than what/,
    ],
    'a text that is no UTF-8': [
      records((w) => {
        table(w)
        w.record(TAGS.row)
          .raw(Uint8Array.of(1, 0, 0, 0, 1, 0xff))
          .endRecord()
      }),
      /no UTF-8/,
    ],
    'a record that claims four gigabytes': [
      Uint8Array.of(TAGS.row, 0xff, 0xff, 0xff, 0xff),
      /claims 4294967295 bytes/,
    ],
    'four milliards of columns': [
      records((w) => w.record(TAGS.table).text('t').count(0xffff_ffff).endRecord()),
      /shorter than what/,
    ],
    'a forged sum': [
      records((w) => {
        table(w)
        w.record(TAGS.sum).integer(0).raw(new Uint8Array(32).fill(1)).endRecord()
        w.record(TAGS.end).count(1).endRecord()
      }),
      /rows of t are not those that were counted/,
    ],
  }
  for (const [what, [bytes, message]] of Object.entries(hostile)) {
    test(`${what} is refused`, async () => {
      await assert.rejects(listOf(decodeParts(inPieces(bytes))), refusal(message))
    })
  }
})

import { UnorderedDigest } from '../../lib/unorderedDigest.ts'
import type { BackupPart, BackupValue } from '../ports/backup.ts'
import { RecordReader, unreadable } from './recordReader.ts'
import { RecordWriter } from './recordWriter.ts'

/*
 * The content of a backup: records, each `tag 1 | length 4 | body`, numbers big-endian.
 *
 *   table  1   name, number of columns 4, their names; a name is `length 4 | UTF-8`
 *   row    2   a value for each column of the table before it: `kind 1`, then
 *              0 null: nothing | 1 text, 3 bytes: `length 4 | bytes` | 2 whole number: signed 8
 *   sum    3   number of rows 8, digest 32 (lib/unorderedDigest.ts over the bodies of the rows)
 *   end    4   number of tables 4; nothing follows
 *
 * Each table is `table row* sum`. One value has one form, so equal rows are equal bytes.
 */
export const TAGS = { table: 1, row: 2, sum: 3, end: 4 } as const

/** What a table came to. */
export interface TableSum {
  readonly name: string
  readonly rows: number
  readonly digest: Uint8Array
}

/** What is read: the parts that were written, and the sum behind each table, which was checked. */
export type DecodedPart = BackupPart | ({ readonly kind: 'sum' } & TableSum)

/** Rows that go on together. */
const PIECE_BYTES = 64 * 1024

/** @param onSum is told what each table came to */
export async function* encodeParts(
  parts: AsyncIterable<BackupPart>,
  onSum: (sum: TableSum) => void,
): AsyncGenerator<Uint8Array> {
  const writer = new RecordWriter()
  let table: OpenTable | undefined
  let tables = 0
  const endTable = (): void => {
    if (table === undefined) return
    const sum = table.sum()
    writer.record(TAGS.sum).integer(sum.rows).raw(sum.digest).endRecord()
    onSum(sum)
  }
  for await (const part of parts) {
    if (part.kind === 'table') {
      endTable()
      table = new OpenTable(part.name, part.columns)
      tables += 1
      writer.record(TAGS.table).text(part.name).count(part.columns.length)
      for (const column of part.columns) writer.text(column)
      writer.endRecord()
      continue
    }
    if (table === undefined) throw new Error('rows before any table')
    for (const row of part.rows) {
      writer.record(TAGS.row)
      for (const value of row) writer.value(value, table.name)
      table.add(writer.endRecord())
      if (writer.length >= PIECE_BYTES) yield writer.take()
    }
  }
  endTable()
  writer.record(TAGS.end).count(tables).endRecord()
  yield writer.take()
}

/** @throws StartupRefusal when the bytes are not what `encodeParts` writes */
export async function* decodeParts(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<DecodedPart> {
  const reader = new RecordReader()
  let table: OpenTable | undefined
  let tables = 0
  let isOver = false
  for await (const piece of pieces) {
    reader.push(piece)
    let rows: BackupValue[][] = []
    while (reader.next()) {
      if (isOver) throw unreadable('something follows its end')
      if (reader.tag === TAGS.row) {
        if (table === undefined) throw unreadable('a row stands outside of any table')
        table.add(reader.body)
        rows.push(table.columns.map(() => reader.value()))
        reader.endRecord()
        continue
      }
      if (rows.length > 0) yield { kind: 'rows', rows }
      rows = []
      switch (reader.tag) {
        case TAGS.table: {
          if (table !== undefined) throw unreadable('a table begins inside another')
          table = new OpenTable(reader.text(), reader.list())
          tables += 1
          yield { kind: 'table', name: table.name, columns: table.columns }
          break
        }
        case TAGS.sum: {
          if (table === undefined) throw unreadable('a sum stands outside of any table')
          yield { kind: 'sum', ...checked(table, reader) }
          table = undefined
          break
        }
        case TAGS.end: {
          if (table !== undefined || reader.count() !== tables) {
            throw unreadable('it ends inside a table')
          }
          isOver = true
          break
        }
        default:
          throw unreadable(`it holds a record of an unknown kind (${reader.tag})`)
      }
      reader.endRecord()
    }
    if (rows.length > 0) yield { kind: 'rows', rows }
  }
  if (!isOver || reader.isInsideRecord) throw unreadable('it ends too early')
}

class OpenTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly #digest = new UnorderedDigest()
  #rows = 0

  constructor(name: string, columns: readonly string[]) {
    this.name = name
    this.columns = columns
  }

  add(row: Uint8Array): void {
    this.#digest.add(row)
    this.#rows += 1
  }

  sum(): TableSum {
    return { name: this.name, rows: this.#rows, digest: this.#digest.value() }
  }
}

function checked(table: OpenTable, reader: RecordReader): TableSum {
  const found = table.sum()
  const rows = reader.integer()
  const digest = reader.raw(found.digest.length)
  if (rows !== found.rows || Buffer.compare(digest, found.digest) !== 0) {
    throw unreadable(`the rows of ${table.name} are not those that were counted`)
  }
  return found
}

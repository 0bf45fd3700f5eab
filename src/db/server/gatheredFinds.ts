import { unavailable } from '../../lib/fault.ts'
import type { FindById } from '../findById.ts'
import type { Row, Statement } from '../statement.ts'

export interface GatheredFindsParts {
  /** Answers the rows of one statement; asks again by itself where that helps. */
  readonly rowsOf: (statement: Statement) => Promise<readonly Row[]>
  /** Statements under way at the same time; what comes meanwhile shares the next. */
  readonly together: number
}

interface Asked {
  readonly resolve: (row: Row | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Powers of two up to here: seven statements to hold prepared, and a server plans the longest in no time. */
const MOST_IDS = 64
/** More than that waiting means the database does not keep up: better told than queued. */
const MOST_WAITING = 2_048

/**
 * Finds by id that come together go in one statement (ADR 0012, over a network). A lone one goes at once, so
 * nothing waits that would not wait for a connection anyway; under load a statement brings dozens of rows,
 * which costs both sides a fraction of as many round trips.
 */
export class GatheredFinds {
  readonly #parts: GatheredFindsParts
  readonly #find: FindById
  readonly #statements = new Map<number, string>()
  #asked = new Map<string, Asked[]>()
  #underWay = 0
  #isScheduled = false

  constructor(find: FindById, parts: GatheredFindsParts) {
    this.#find = find
    this.#parts = parts
  }

  byId(id: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asked.size >= MOST_WAITING) {
        throw unavailable('Too many requests are waiting for the database.')
      }
      const others = this.#asked.get(id)
      if (others === undefined) this.#asked.set(id, [{ resolve, reject }])
      else others.push({ resolve, reject })
      if (this.#isScheduled) return
      this.#isScheduled = true
      // Runs when all that are as far as this one have asked.
      queueMicrotask(() => {
        this.#isScheduled = false
        this.#send()
      })
    })
  }

  #send(): void {
    while (this.#asked.size > 0 && this.#underWay < this.#parts.together) {
      void this.#answer(this.#next())
    }
  }

  /** The first of those who asked, as many as one statement takes. */
  #next(): ReadonlyMap<string, readonly Asked[]> {
    const asked = this.#asked
    if (asked.size <= MOST_IDS) {
      this.#asked = new Map()
      return asked
    }
    const first = [...asked].slice(0, MOST_IDS)
    for (const [id] of first) asked.delete(id)
    return new Map(first)
  }

  async #answer(asked: ReadonlyMap<string, readonly Asked[]>): Promise<void> {
    this.#underWay += 1
    try {
      const rows = await this.#parts.rowsOf(this.#statementFor([...asked.keys()]))
      const found = this.#find.gathered(rows)
      for (const [id, all] of asked) for (const { resolve } of all) resolve(found.get(id))
    } catch (error) {
      for (const all of asked.values()) for (const { reject } of all) reject(error)
    } finally {
      this.#underWay -= 1
      this.#send()
    }
  }

  /** Filled up with the last id: asking for a row twice brings it once. */
  #statementFor(ids: string[]): Statement {
    const [first = ''] = ids
    if (ids.length === 1) return { sql: this.#find.one, params: this.#repeated(ids) }
    const count = 2 ** Math.ceil(Math.log2(ids.length))
    let sql = this.#statements.get(count)
    if (sql === undefined) {
      sql = this.#find.several(count)
      this.#statements.set(count, sql)
    }
    const filled = [...ids, ...new Array<string>(count - ids.length).fill(first)]
    return { sql, params: this.#repeated(filled) }
  }

  #repeated(ids: readonly string[]): readonly string[] {
    return Array.from({ length: this.#find.repeats }, () => ids).flat()
  }
}

/** A statement for one row by its id, and for several of them: a server is asked for those that come together at once. */
export interface FindById {
  readonly one: string
  several(count: number): string
}

export function findById(table: string, columns: readonly string[]): FindById {
  const select = `select ${columns.join(', ')} from ${table} where ${table}.id`
  return {
    one: `${select} = ?`,
    several: (count) => `${select} in (${Array.from({ length: count }, () => '?').join(', ')})`,
  }
}

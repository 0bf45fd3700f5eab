import type { Knex } from 'knex'
import type { SecretQuery, SecretSortKey } from '../domain/ports/secretRepositories.ts'
import { numberOrNull, textOrNull } from './rows/column.ts'
import type { Row } from './statement.ts'

export interface SortColumn {
  readonly column: string
  readonly isNullable: boolean
  readonly descending: boolean
}

/** Text sorts as it is compared: folded. `status` sorts nothing, it is always ACTIVE. */
const COLUMNS = {
  algorithm: { column: 'secrets.algorithm_folded', isNullable: true },
  bit_length: { column: 'secrets.bit_length', isNullable: true },
  created: { column: 'secrets.created_at', isNullable: false },
  expiration: { column: 'secrets.expires_at', isNullable: true },
  mode: { column: 'secrets.mode_folded', isNullable: true },
  name: { column: 'secrets.name_folded', isNullable: true },
  secret_type: { column: 'secrets.secret_type', isNullable: false },
  status: undefined,
  updated: { column: 'secrets.updated_at', isNullable: false },
} satisfies Record<SecretSortKey, Omit<SortColumn, 'descending'> | undefined>

const CREATED = { ...COLUMNS.created, descending: false }
const ID = { column: 'secrets.id', isNullable: false, descending: false }

/** What was asked for, then creation, then id: no two secrets stand at the same place. */
export function sortColumnsOf(sort: SecretQuery['sort']): readonly SortColumn[] {
  const asked = sort.flatMap(({ key, descending }) => {
    const column = COLUMNS[key]
    return column === undefined ? [] : [{ ...column, descending }]
  })
  const isByCreation = asked.some(({ column }) => column === CREATED.column)
  return isByCreation ? [...asked, ID] : [...asked, CREATED, ID]
}

/**
 * Only what stands after the marker: further in the first column, or level there and further in the
 * second, and so on. Null is less than anything.
 */
export function followsInOrder(
  secrets: Knex.QueryBuilder,
  order: readonly SortColumn[],
  marker: Row,
): void {
  const at = ({ column }: SortColumn) => {
    const name = column.replace('secrets.', '')
    return name === 'bit_length' ? numberOrNull(marker, name) : textOrNull(marker, name)
  }
  const [first] = order
  if (first !== undefined && !first.isNullable) {
    // Follows from the rest, and lets an index start at the marker.
    secrets.where(first.column, first.descending ? '<=' : '>=', at(first))
  }
  secrets.where((anyOf) => {
    order.forEach((column, index) => {
      anyOf.orWhere((place) => {
        for (const before of order.slice(0, index)) place.where(before.column, at(before))
        further(place, column, at(column))
      })
    })
  })
}

function further(
  place: Knex.QueryBuilder,
  column: SortColumn,
  value: string | number | null,
): void {
  if (value === null) {
    if (column.descending) place.whereRaw('1 = 0')
    else place.whereNotNull(column.column)
  } else if (column.descending && column.isNullable) {
    place.where((less) => {
      less.where(column.column, '<', value).orWhereNull(column.column)
    })
  } else {
    place.where(column.column, column.descending ? '<' : '>', value)
  }
}

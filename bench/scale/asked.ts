import type { Database } from '../../src/db/database.ts'
import type { SecretQuery } from '../../src/domain/ports/secretRepositories.ts'
import type { SecretId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import {
  idAt,
  nameAt,
  type Part,
  type Place,
  projectAt,
  projectsOf,
  ROWS_PER_PROJECT,
  type Scale,
  secretAt,
} from './scaledRows.ts'

export interface Target {
  readonly scale: Scale
  readonly database: Database
}

export interface Asked {
  readonly title: string
  readonly part: Part
  /** How often in a round. */
  readonly times: number
  readonly once: (target: Target, place: Place) => Promise<unknown>
}

const PAGE = 10
const NOW = '2026-11-22T12:00:00.000000' as Timestamp
/** A project of all rows is slow where it is slow: a few are enough to know. */
const TIMES = { spread: 50, large: 2 } satisfies Record<Part, number>

export const READS: readonly Asked[] = [
  {
    title: 'read by id',
    part: 'spread',
    times: 200,
    once: ({ database }, place) => expectOne(database.secrets.find(idAt(place))),
  },
  ...lists('spread'),
  ...lists('large'),
]

function lists(part: Part): readonly Asked[] {
  const of = (
    title: string,
    expected: number,
    query: (place: Place, scale: Scale) => Partial<SecretQuery>,
  ): Asked => ({
    title,
    part,
    times: TIMES[part],
    once: async ({ database, scale }, any) => {
      const place = named(any)
      const { items } = await database.secrets.list({
        scope: { projectId: projectAt(scale, place) },
        filter: {},
        sort: [],
        limit: PAGE,
        offset: 0,
        now: NOW,
        ...query(place, scale),
      })
      if (items.length !== expected) throw new Error(`${title}: ${items.length} of ${expected}`)
    },
  })
  return [
    of('first page of 10, total', PAGE, () => ({})),
    of('page of 10 after a marker, total', PAGE, (place, scale) => ({
      marker: middleOf(scale, place),
    })),
    of('last page of 10, by offset', PAGE, (_, scale) => ({ offset: sizeOf(scale, part) - PAGE })),
    of('one by its name', 1, (place) => ({ filter: { name: nameAt(place) } })),
    of('page beyond the end, total', 0, (_, scale) => ({ offset: sizeOf(scale, part) + PAGE })),
  ]
}

/** A new secret that has expired already: what is measured by writing is measured again by its removal. */
export async function insertExpired({ database, scale }: Target, place: Place): Promise<void> {
  const { id, ...rest } = secretAt(scale, place)
  const secret = { ...rest, id: crypto.randomUUID() as SecretId, expiration: EXPIRED }
  const outcome = await database.secrets.insert(secret)
  if (outcome !== 'inserted') throw new Error(`not inserted: ${JSON.stringify(outcome)}`)
}

/** As housekeeping does, but for looking into each row's MAC. Answers how many went. */
export async function purgeExpired({ database }: Target, batchSize: number): Promise<number> {
  let removed = 0
  for (;;) {
    const ids = await database.purge.expired(NOW, { limit: batchSize, skipped: 0 })
    const found = await Promise.all(ids.map((id) => database.secrets.find(id)))
    const sound = found.flatMap((it) => (it?.rowMac ? [{ id: it.id, rowMac: it.rowMac }] : []))
    if (sound.length > 0) removed += await database.purge.removeSecrets(sound, NOW)
    if (ids.length < batchSize) return removed
  }
}

/** What a purge leaves; the next round finds the database as this one did. */
export async function removeTombstones({ database }: Target, batchSize: number): Promise<void> {
  while ((await database.purge.removeTombstones(NOW, batchSize)) === batchSize);
}

export function anyPlace({ rows }: Scale, part: Part): Place {
  return { part, row: Math.floor(Math.random() * rows) }
}

const EXPIRED = '2026-06-01T00:00:00.000000' as Timestamp

function sizeOf(scale: Scale, part: Part): number {
  return part === 'large' ? scale.rows : ROWS_PER_PROJECT
}

/** A row of the same project with half of the others before it. */
function middleOf(scale: Scale, { part, row }: Place): SecretId {
  const projects = projectsOf(scale)
  const middle = part === 'large' ? scale.rows / 2 : (row % projects) + 50 * projects
  return idAt({ part, row: middle })
}

/** Every other row has a name, in the projects of a hundred all of every other one. */
function named({ part, row }: Place): Place {
  return { part, row: row - (row % 2) }
}

async function expectOne(found: Promise<unknown>): Promise<void> {
  if ((await found) === undefined) throw new Error('the row is not there')
}

import { createHash, randomBytes } from 'node:crypto'
import { rowOfProjectKey } from '../../src/db/rows/projectKeyRow.ts'
import { rowOfSecret } from '../../src/db/rows/secretRow.ts'
import type { SqlValue } from '../../src/db/statement.ts'
import type { ProjectId, SecretId } from '../../src/lib/ids.ts'
import { type Timestamp, timestampFromMicros } from '../../src/lib/timestamp.ts'
import type { Stored } from '../../src/model/record.ts'
import type { ProjectKeyId } from '../../src/model/sealedForms.ts'
import type { Secret } from '../../src/model/secret.ts'
import { projectIdOf, userIdOf } from '../fixture/fixture.ts'

/*
 * Rows as wide as those of the server, at places that follow from their number: whoever knows how many
 * there are can ask for any. Nothing opens them; the databases that hold them are asked by repositories alone.
 */

/** So many secrets in projects of a hundred, and beside them one project that holds as many by itself. */
export interface Scale {
  readonly rows: number
}

export const ROWS_PER_PROJECT = 100
/** The number of the one that holds all. */
const LARGE_PROJECT = 0xfff_ffff

export type Part = 'spread' | 'large'

export interface Place {
  readonly part: Part
  readonly row: number
}

export function projectsOf({ rows }: Scale): number {
  return rows / ROWS_PER_PROJECT
}

/** Neighbours in time are of different projects. */
export function projectAt(scale: Scale, { part, row }: Place): ProjectId {
  return projectIdOf(numberAt(scale, { part, row })) as ProjectId
}

/** As random as a UUID, and the same every time. */
export function idAt({ part, row }: Place): SecretId {
  const hex = createHash('md5').update(`${part} ${row}`).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
  return [...parts, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-') as SecretId
}

export function nameAt({ row }: Place): string {
  return `key of machine ${row}`
}

/** By id, as a backup is restored: a clustered index is then filled from its left to its right. */
export function placesInOrder({ rows }: Scale): readonly Place[] {
  const places: (Place & { readonly id: string })[] = []
  for (const part of ['spread', 'large'] as const) {
    for (let row = 0; row < rows; row += 1) {
      places.push({ part, row, id: idAt({ part, row }) })
    }
  }
  return places.sort((a, b) => (a.id < b.id ? -1 : 1))
}

export function secretAt(scale: Scale, place: Place): Stored<Secret> {
  const { row } = place
  const project = numberAt(scale, place)
  const at = timestampFromMicros(BEGAN_MICROS + row * 1_000)
  return {
    ...sealedBy(project),
    kind: 'secret',
    id: idAt(place),
    projectId: projectIdOf(project) as ProjectId,
    creatorId: userIdOf(project),
    // Most keys of volumes have none.
    name: row % 2 === 0 ? nameAt(place) : null,
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
    mode: 'xts',
    expiration: row % 10 === 0 ? LATER : null,
    contentType: 'application/octet-stream',
    createdAt: at,
    updatedAt: at,
    acl: null,
  }
}

export function secretRowAt(scale: Scale, place: Place): Readonly<Record<string, SqlValue>> {
  return rowOfSecret(secretAt(scale, place))
}

export function keyRowsOf(scale: Scale): readonly Readonly<Record<string, SqlValue>>[] {
  return [...Array(projectsOf(scale)).keys(), LARGE_PROJECT].map((project) =>
    rowOfProjectKey({
      id: keyIdOf(project),
      projectId: projectIdOf(project) as ProjectId,
      store: 'keyring',
      term: 1,
      state: 'active',
      wrapped: { kekId: 'kek-1', blob: randomBytes(60) },
      commitment: randomBytes(32),
      createdAt: timestampFromMicros(BEGAN_MICROS),
    }),
  )
}

const BEGAN_MICROS = Date.UTC(2026, 0, 1) * 1_000
const LATER = '2036-01-01T00:00:00.000000' as Timestamp
const RANDOM = randomBytes(1024 * 1024)
const MAC_BYTES = 32
const ENVELOPE_BYTES = 120

function numberAt(scale: Scale, { part, row }: Place): number {
  return part === 'large' ? LARGE_PROJECT : row % projectsOf(scale)
}

function keyIdOf(project: number): ProjectKeyId {
  const id = createHash('md5').update(`key ${project}`).digest().subarray(0, 8)
  return id as Uint8Array as ProjectKeyId
}

function sealedBy(project: number): Pick<Stored<Secret>, 'rowMac' | 'envelope'> {
  const key = keyIdOf(project)
  const from = Math.floor(Math.random() * (RANDOM.length - MAC_BYTES - ENVELOPE_BYTES))
  const mac = RANDOM.subarray(from, from + MAC_BYTES)
  const body = RANDOM.subarray(from + MAC_BYTES, from + MAC_BYTES + ENVELOPE_BYTES)
  return {
    rowMac: Buffer.concat([key, mac]),
    envelope: Buffer.concat([Buffer.from([1, 1, 0, 0]), key, body]),
  }
}

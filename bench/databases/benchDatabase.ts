import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maintain, type ServerKind, urlOf } from '../../test/support/serverDatabase.ts'
import type { DatabaseKind } from './databaseKind.ts'

/** A database of the bench's own, on a server of this machine or in a file. */
export interface BenchDatabase {
  readonly url: string
  drop(): Promise<void>
}

const FOLDER = join(tmpdir(), 'gatehouse-bench')

/** Made where there is none of this name; what it holds is for the caller to find out. */
export async function benchDatabase(kind: DatabaseKind, name: string): Promise<BenchDatabase> {
  const full = `gatehouse_bench_${name}`
  if (kind !== 'sqlite') return serverDatabase(kind, full)
  const folder = join(FOLDER, full)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    url: `sqlite:///${join(folder, 'gatehouse.sqlite')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Of no name that anybody would look for again. */
export function passingName(): string {
  return `run_${randomBytes(6).toString('hex')}`
}

async function serverDatabase(kind: ServerKind, name: string): Promise<BenchDatabase> {
  const there = await maintain(kind, `select 1 as found from ${CATALOG[kind]} = '${name}'`)
  if (there.length === 0) await maintain(kind, `create database ${name}`)
  return {
    url: urlOf(kind, name),
    drop: async () => {
      await maintain(kind, `drop database ${name}${kind === 'postgresql' ? ' with (force)' : ''}`)
    },
  }
}

const CATALOG = {
  mysql: 'information_schema.schemata where schemata.schema_name',
  postgresql: 'pg_database where pg_database.datname',
} satisfies Record<ServerKind, string>

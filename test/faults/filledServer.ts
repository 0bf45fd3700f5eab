import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ask } from '../peers/ask.ts'
import type { Configuration, Gatehouse } from '../peers/gatehouse.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'

export const PROJECTS = ['a', 'b', 'c']
export const SECRETS = 60
const TOGETHER = 6

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

export const DATABASES: Readonly<Record<string, (t: CleansUp) => Promise<Configuration>>> = {
  SQLite: async () => ({}),
  MariaDB: async (t) => ({ database: { connection: (await ownMariadb(t)).url } }),
  PostgreSQL: async (t) => ({ database: { connection: (await ownPostgres(t)).url } }),
}

export interface Stored {
  readonly path: string
  readonly payload: string
  readonly token: string
}

/** A few projects with secrets of them. */
export async function fill(server: Gatehouse): Promise<readonly Stored[]> {
  const stored: Stored[] = []
  for (const project of PROJECTS) {
    const printed = await server.command(
      'token',
      'issue',
      '--project',
      project,
      '--role',
      'creator',
    )
    const token = printed.trim().split('\n').at(-1) ?? ''
    const one = async (index: number): Promise<Stored> => {
      const payload = `payload ${project} ${index}`
      const json = { payload, payload_content_type: 'text/plain' }
      const answer = await ask(`${server.url}/v1/secrets`, { method: 'POST', token, json })
      assert.equal(answer.status, 201, answer.text)
      return { path: String(JSON.parse(answer.text).secret_ref), payload, token }
    }
    // Few at a time: on a busy machine a server gives up on requests that do not come in.
    for (let from = 0; from < SECRETS; from += TOGETHER) {
      const indexes = Array.from({ length: TOGETHER }, (_, index) => from + index)
      stored.push(...(await Promise.all(indexes.map(one))))
    }
  }
  return stored
}

export async function assertOpens(stored: readonly Stored[]): Promise<void> {
  for (const { path, payload, token } of stored) {
    const answer = await ask(`${path}/payload`, { token, headers: { accept: 'text/plain' } })
    assert.equal(answer.text, payload)
  }
}

/** Of the database of a server that is called `victim`. */
export function urlOf(configuration: Configuration, folder: string): string {
  const { database } = configuration
  return database === undefined
    ? `sqlite:///${join(folder, 'victim', 'state', 'gatehouse.sqlite')}`
    : String(database['connection'])
}

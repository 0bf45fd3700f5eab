import type { Knex } from 'knex'
import { narrowIndex } from './tables.ts'

/* Most secrets are keys that nobody named and that never expire: two indexes need not be told of them (ADR 0065). */

export async function up(knex: Knex): Promise<void> {
  await narrowIndex(knex, 'secrets', ['expires_at', 'id'], 'secrets_by_expiration', 'expires_at')
  await narrowIndex(
    knex,
    'secrets',
    ['project_id', 'name_folded'],
    'secrets_by_name',
    'name_folded',
  )
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}

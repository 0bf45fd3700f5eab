import type { Knex } from 'knex'
import { addIndex } from './tables.ts'

/* A name is looked for where names stand, not in every row of its project. */

export async function up(knex: Knex): Promise<void> {
  await addIndex(knex, 'secrets', ['project_id', 'name_folded'], 'secrets_by_name')
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}

import type { Door } from './door.ts'

/** Which KEK stores wrap the keys of a secret's envelope and of its MAC. */
export function storesOfSecret({ execute }: Pick<Door, 'execute'>, id: string): readonly string[] {
  return [storeOf(execute, 'secrets.envelope', 5, id), storeOf(execute, 'secrets.row_mac', 1, id)]
}

function storeOf(execute: Door['execute'], column: string, at: number, id: string): string {
  const [row] = execute(
    `select project_keys.store from secrets join project_keys on project_keys.id = substr(${column}, ${at}, 8) where secrets.id = ?`,
    id,
  )
  return String(row?.['store'])
}

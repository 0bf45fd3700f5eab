import type { ProjectKeyRow, ProjectKeyState } from '../../domain/ports/keyRepositories.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Row, SqlValue } from '../statement.ts'
import { bytes, number, projectIdIn, text, time } from './column.ts'

export const PROJECT_KEY_COLUMNS = [
  'project_keys.id',
  'project_keys.project_id',
  'project_keys.store',
  'project_keys.term',
  'project_keys.state',
  'project_keys.kek_id',
  'project_keys.wrapped',
  'project_keys.commitment',
  'project_keys.created_at',
] as const

export function projectKeyOfRow(row: Row): ProjectKeyRow {
  return {
    id: bytes(row, 'id') as ProjectKeyId,
    projectId: projectIdIn(row),
    store: text(row, 'store'),
    term: number(row, 'term'),
    state: text(row, 'state') as ProjectKeyState,
    wrapped: { kekId: text(row, 'kek_id'), blob: bytes(row, 'wrapped') },
    commitment: bytes(row, 'commitment'),
    createdAt: time(row, 'created_at'),
  }
}

/** A new row: none of its wraps is reserved yet. */
export function rowOfProjectKey(key: ProjectKeyRow): Readonly<Record<string, SqlValue>> {
  return {
    id: key.id,
    project_id: key.projectId,
    store: key.store,
    term: key.term,
    state: key.state,
    kek_id: key.wrapped.kekId,
    wrapped: key.wrapped.blob,
    commitment: key.commitment,
    wraps_reserved: 0,
    created_at: key.createdAt,
  }
}

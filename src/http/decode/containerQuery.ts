import type { ContainerQuery } from '../../domain/ports.ts'

/** The filters of GET /v1/containers; empty ones are ignored, and `sort` is none here (contract 04). */
export function decodeContainerQuery(
  query: ReadonlyMap<string, string>,
): Pick<ContainerQuery, 'name' | 'type'> {
  const name = query.get('name')
  const type = query.get('type')
  return { ...(name ? { name } : {}), ...(type ? { type } : {}) }
}

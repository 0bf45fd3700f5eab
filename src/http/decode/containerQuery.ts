import { z } from 'zod'
import type { ContainerQuery } from '../../domain/ports/containerRepositories.ts'
import { parseContainerId } from '../../lib/ids.ts'
import { decodeMarker, markerParameter } from './marker.ts'

/** What GET /v1/containers understands besides paging. */
export const containerListParameters = {
  name: z.string().describe('Names like this one; % and _ are wildcards, case does not count.'),
  type: z.string().describe('The type; an unknown one lists nothing.'),
  marker: markerParameter('container'),
}

/** The filters and the marker of GET /v1/containers; empty ones are ignored, and `sort` is none here (contract 04). */
export function decodeContainerQuery(
  query: ReadonlyMap<string, string>,
): Pick<ContainerQuery, 'name' | 'type' | 'marker'> {
  const name = query.get('name')
  const type = query.get('type')
  return {
    ...(name ? { name } : {}),
    ...(type ? { type } : {}),
    ...decodeMarker(query, parseContainerId, 'a container'),
  }
}

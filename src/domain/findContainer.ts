import { Fault } from '../lib/fault.ts'
import type { ContainerId } from '../lib/ids.ts'
import type { Container } from '../model/container.ts'
import type { Verified } from '../model/record.ts'
import type { ContainerRepository } from './ports/containerRepositories.ts'
import type { Integrity } from './ports/crypto.ts'

interface Parts {
  readonly containers: Pick<ContainerRepository, 'find'>
  readonly integrity: Integrity
}

/** The container that a path names, checked against its MAC. A foreign one is for policy to refuse (Q04). */
export async function findContainer(
  { containers, integrity }: Parts,
  id: ContainerId | undefined,
): Promise<Verified<Container>> {
  if (id === undefined) {
    throw new Fault('notFound', 'Provided container id is invalid. A lower-case UUID is wanted.')
  }
  const container = await integrity.verified(await containers.find(id))
  if (container === undefined) throw containerNotFound(id)
  return container
}

export function containerNotFound(id: ContainerId): Fault {
  return new Fault('notFound', `Container not found: ${id}.`)
}

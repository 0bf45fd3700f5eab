import assert from 'node:assert/strict'
import type { Caller } from './doorCaller.ts'
import type { MadeSecret } from './doorSecrets.ts'

export interface MadeContainer {
  readonly id: string
  /** /v1/containers/{id} */
  readonly path: string
  readonly ref: string
}

export interface ShownMember {
  readonly name: string | null
  readonly secret_ref: string
}

/** POST /v1/containers, which must succeed; generic unless the fields say otherwise. */
export async function containerOf(
  caller: Caller,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<MadeContainer> {
  const answer = await caller.post('/v1/containers', { type: 'generic', ...fields })
  assert.equal(answer.status, 201, answer.text)
  const ref = String(answer.json['container_ref'])
  const id = ref.slice(ref.lastIndexOf('/') + 1)
  return { id, path: `/v1/containers/${id}`, ref }
}

/** What GET shows of its members. */
export async function membersOf(
  caller: Caller,
  container: MadeContainer,
): Promise<readonly ShownMember[]> {
  const { json } = await caller.get(container.path)
  return json['secret_refs'] as readonly ShownMember[]
}

export function member(secret: MadeSecret, name?: string | null): Record<string, unknown> {
  return { secret_ref: secret.ref, ...(name === undefined ? {} : { name }) }
}

/** DELETE with a JSON body. */
export function deleteWith(
  caller: Caller,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
) {
  return caller.ask('DELETE', path, { body, headers })
}

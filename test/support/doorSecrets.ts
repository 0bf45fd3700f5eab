import assert from 'node:assert/strict'
import type { Caller } from './doorCaller.ts'

export interface MadeSecret {
  readonly id: string
  /** /v1/secrets/{id} */
  readonly path: string
  readonly ref: string
}

/** POST /v1/secrets, which must succeed. */
export async function secretOf(
  caller: Caller,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<MadeSecret> {
  const answer = await caller.post('/v1/secrets', fields)
  assert.equal(answer.status, 201, answer.text)
  const ref = String(answer.json['secret_ref'])
  const id = ref.slice(ref.lastIndexOf('/') + 1)
  return { id, path: `/v1/secrets/${id}`, ref }
}

/** A text secret with a payload. */
export function secretWithPayload(
  caller: Caller,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<MadeSecret> {
  return secretOf(caller, {
    payload: 'some payload',
    payload_content_type: 'text/plain',
    ...fields,
  })
}

/** A binary secret of exactly these bytes. */
export function secretOfBytes(
  caller: Caller,
  bytes: Uint8Array,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<MadeSecret> {
  return secretOf(caller, {
    payload: Buffer.from(bytes).toString('base64'),
    payload_content_type: 'application/octet-stream',
    payload_content_encoding: 'base64',
    ...fields,
  })
}

/** PUT of the ACL of a secret or container, which must succeed. */
export async function putAcl(
  owner: Caller,
  { path }: { readonly path: string },
  acl: { readonly users: readonly string[]; readonly projectAccess: boolean },
): Promise<void> {
  const read = { users: acl.users, 'project-access': acl.projectAccess }
  const answer = await owner.put(`${path}/acl`, { read })
  assert.equal(answer.status, 200, answer.text)
}

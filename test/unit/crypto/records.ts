import type { ContainerId, OrderId, ProjectId, SecretId } from '../../../src/lib/ids.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import type { Container } from '../../../src/model/container.ts'
import type { Order } from '../../../src/model/order.ts'
import type { Stored } from '../../../src/model/record.ts'
import type { Secret } from '../../../src/model/secret.ts'
import type { Node } from './cryptoRoom.ts'

export const PROJECT = 'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0' as ProjectId
export const OTHER_PROJECT = 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1' as ProjectId

export function time(text: string): Timestamp {
  return text as Timestamp
}

/** A secret with every field filled, none equal to one of `otherSecret`. */
export const SECRET: Secret = {
  kind: 'secret',
  id: '11111111-1111-4111-8111-111111111111' as SecretId,
  projectId: PROJECT,
  name: 'volume key',
  secretType: 'symmetric',
  algorithm: 'aes',
  bitLength: 256,
  mode: 'xts',
  expiration: time('2030-01-01T00:00:00.000000'),
  creatorId: 'alice',
  contentType: 'application/octet-stream',
  createdAt: time('2026-01-01T00:00:00.000001'),
  updatedAt: time('2026-01-01T00:00:00.000002'),
  acl: {
    projectAccess: true,
    users: ['carol', 'dave'],
    createdAt: time('2026-01-02T00:00:00.000000'),
    updatedAt: time('2026-01-03T00:00:00.000000'),
  },
  envelope: null,
}

export const OTHER_SECRET: Secret = {
  ...SECRET,
  id: '22222222-2222-4222-8222-222222222222' as SecretId,
  name: 'backup key',
  secretType: 'passphrase',
  algorithm: 'hmac',
  bitLength: 128,
  mode: 'gcm',
  expiration: time('2031-01-01T00:00:00.000000'),
  creatorId: 'bob',
  contentType: 'text/plain',
  createdAt: time('2026-02-01T00:00:00.000001'),
  updatedAt: time('2026-02-01T00:00:00.000002'),
  acl: {
    projectAccess: false,
    users: ['erin'],
    createdAt: time('2026-02-02T00:00:00.000000'),
    updatedAt: time('2026-02-03T00:00:00.000000'),
  },
}

/** A container with every field filled, none equal to one of `otherContainer`. */
export const CONTAINER: Container = {
  kind: 'container',
  id: 'cccccccc-cccc-4ccc-8ccc-cccccccccccc' as ContainerId,
  projectId: PROJECT,
  type: 'certificate',
  name: 'listener',
  creatorId: 'alice',
  members: [
    { name: 'certificate', secretId: SECRET.id, isGone: false },
    { name: null, secretId: OTHER_SECRET.id, isGone: false },
  ],
  acl: SECRET.acl,
  createdAt: time('2026-01-01T00:00:00.000001'),
  updatedAt: time('2026-01-01T00:00:00.000002'),
}

export const OTHER_CONTAINER: Container = {
  ...CONTAINER,
  id: 'dddddddd-dddd-4ddd-8ddd-dddddddddddd' as ContainerId,
  type: 'generic',
  name: 'other',
  creatorId: 'bob',
  members: [{ name: 'x', secretId: OTHER_SECRET.id, isGone: false }],
  acl: OTHER_SECRET.acl,
  createdAt: time('2026-02-01T00:00:00.000001'),
}

export const ORDER: Order = {
  kind: 'order',
  id: '33333333-3333-4333-8333-333333333333' as OrderId,
  projectId: PROJECT,
  type: 'key',
  meta: { algorithm: 'aes', bit_length: 256, mode: 'xts', name: 'ordered', expiration: null },
  status: 'ACTIVE',
  subStatus: 'Done',
  subStatusMessage: 'All is well',
  errorStatusCode: '400',
  errorReason: 'none really',
  creatorId: 'alice',
  secretId: SECRET.id,
  containerId: '44444444-4444-4444-8444-444444444444' as ContainerId,
  createdAt: time('2026-01-01T00:00:00.000001'),
  updatedAt: time('2026-01-01T00:00:00.000002'),
}

export const OTHER_ORDER: Order = {
  ...ORDER,
  id: '55555555-5555-4555-8555-555555555555' as OrderId,
  type: 'asymmetric',
  meta: { algorithm: 'rsa', bit_length: 2048 },
  status: 'PENDING',
  subStatus: 'Waiting',
  subStatusMessage: 'Soon',
  errorStatusCode: '500',
  errorReason: 'unknown',
  creatorId: 'bob',
  secretId: OTHER_SECRET.id,
  containerId: '66666666-6666-4666-8666-666666666666' as ContainerId,
  createdAt: time('2026-02-01T00:00:00.000001'),
}

/** What POST does: seal, then protect. */
export async function store(
  node: Node,
  secret: Secret,
  payload: Uint8Array,
): Promise<Stored<Secret>> {
  const { projectId, id: secretId, secretType, contentType } = secret
  if (contentType === null) throw new Error('A payload has a content type.')
  const envelope = await node.sealer.seal({ projectId, secretId, secretType, contentType }, payload)
  return node.integrity.protect({ ...secret, envelope })
}

import assert from 'node:assert/strict'
import { RowIntegrity } from '../../src/crypto/integrity.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { parseContainerId, parseSecretId } from '../../src/lib/ids.ts'
import type { Acl } from '../../src/model/acl.ts'
import type { Container } from '../../src/model/container.ts'
import type { Secret } from '../../src/model/secret.ts'
import { type Door, KEY_LIMITS } from './door.ts'

type AclFields = Pick<Acl, 'users' | 'projectAccess'>

/**
 * Gives a secret an ACL the way another node of the deployment would: the record verified, changed,
 * protected, replaced. Until the ACL resource exists, no request can.
 */
export async function setAcl(door: Door, id: string, acl: AclFields): Promise<void> {
  const secretId = parseSecretId(id)
  assert.ok(secretId !== undefined)
  const { secrets } = door.database
  const integrity = integrityOf(door)
  const found = await integrity.verified(await secrets.find(secretId))
  assert.ok(found !== undefined)
  const { rowMac, ...secret } = found
  const next: Secret = { ...secret, ...changed(door, acl) }
  assert.equal(await secrets.replaceAcl(rowMac, await integrity.protect(next)), 'changed')
}

/** The same for a container. */
export async function setContainerAcl(door: Door, id: string, acl: AclFields): Promise<void> {
  const containerId = parseContainerId(id)
  assert.ok(containerId !== undefined)
  const { containers } = door.database
  const integrity = integrityOf(door)
  const found = await integrity.verified(await containers.find(containerId))
  assert.ok(found !== undefined)
  const { rowMac, ...container } = found
  const next: Container = { ...container, ...changed(door, acl) }
  assert.equal(await containers.replaceAcl(rowMac, await integrity.protect(next)), 'changed')
}

function changed({ clock }: Door, acl: AclFields) {
  const now = clock.now()
  return { updatedAt: now, acl: { ...acl, createdAt: now, updatedAt: now } }
}

function integrityOf({ clock, kekStore, deploymentId, database }: Door): RowIntegrity {
  const alarms = { integrity: () => assert.fail('the record is damaged') }
  const keyring = new Keyring({
    kekStore,
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms,
    limits: KEY_LIMITS,
  })
  return new RowIntegrity({ keyring, deploymentId, alarms })
}

import assert from 'node:assert/strict'
import { RowIntegrity } from '../../src/crypto/integrity.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { parseSecretId } from '../../src/lib/ids.ts'
import type { Acl } from '../../src/model/acl.ts'
import type { Secret } from '../../src/model/secret.ts'
import { type Door, KEY_LIMITS } from './door.ts'

/**
 * Gives a secret an ACL the way another node of the deployment would: the record verified, changed,
 * protected, replaced. Until the ACL resource exists, no request can.
 */
export async function setAcl(
  door: Door,
  id: string,
  acl: Pick<Acl, 'users' | 'projectAccess'>,
): Promise<void> {
  const alarms = { integrity: () => assert.fail('the record is damaged') }
  const { clock, kekStore, deploymentId, database } = door
  const keyring = new Keyring({
    kekStores: [kekStore],
    storeChoice: { of: () => kekStore.name },
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms,
    limits: KEY_LIMITS,
  })
  const integrity = new RowIntegrity({ keyring, deploymentId, alarms })
  const secretId = parseSecretId(id)
  assert.ok(secretId !== undefined)
  const found = await integrity.verified(await database.secrets.find(secretId))
  assert.ok(found !== undefined)
  const { rowMac, ...secret } = found
  const now = clock.now()
  const next: Secret = {
    ...secret,
    updatedAt: now,
    acl: { ...acl, createdAt: now, updatedAt: now },
  }
  const outcome = await database.secrets.replaceAcl(rowMac, await integrity.protect(next))
  assert.equal(outcome, 'changed')
}

import assert from 'node:assert/strict'
import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { establishDeployment } from '../../../src/crypto/deployment.ts'
import { openKeyringFile } from '../../../src/crypto/kek/keyringFile.ts'
import type { KeyringProtection } from '../../../src/crypto/kek/protection.ts'
import type { ProjectKeyRow } from '../../../src/domain/ports/keyRepositories.ts'
import { MemoryDeployment, MemoryProjectKeys } from '../../support/memoryProjectKeys.ts'
import { ManualClock, nodeOver, read } from './cryptoRoom.ts'
import { goldenContainers, goldenKeyring, goldenRecords } from './goldenFiles.ts'
import { toHex } from './hex.ts'

/*
 * The files below test/vectors/golden were written once and are never regenerated: what they hold is in
 * databases. When one of these tests turns red, the code is wrong; a new format gets new files beside them.
 */

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-golden-'))
after(() => rmSync(folder, { recursive: true }))

const keyring = goldenKeyring()
const golden = goldenRecords()
const containers = goldenContainers()
const clock = new ManualClock()

type OldProtection = Exclude<KeyringProtection, { readonly kind: 'shares' }>

const PROTECTIONS: readonly OldProtection[] = [
  { kind: 'plain' },
  { kind: 'passphrase', passphrase: () => Buffer.from(keyring.passphrase) },
  { kind: 'credential', secret: () => Buffer.from(keyring.credential) },
]

function openGolden(protection: OldProtection) {
  const path = join(folder, protection.kind)
  writeFileSync(path, keyring.files[protection.kind], { mode: 0o600 })
  return openKeyringFile({ path, protection, mayCreate: false, clock })
}

for (const protection of PROTECTIONS) {
  describe(`golden records, keyring ${protection.kind}`, () => {
    test('the keyring opens and tells of the KEKs it was written with', async () => {
      const { keks, currentKekId } = (await openGolden(protection)).describe()
      assert.deepEqual(keks, keyring.keks)
      assert.equal(currentKekId, keyring.keks[0]?.id)
    })

    test('the deployment is recognised by its canary', async () => {
      const deployment = new MemoryDeployment()
      const { deploymentId, canaries } = golden
      deployment.state = { deploymentId, canaries, storesInUse: ['keyring'] }
      const kekStore = await openGolden(protection)
      assert.deepEqual(await establishDeployment({ deployment, kekStores: [kekStore], clock }), {
        deploymentId,
      })
      assert.equal(deployment.state.canaries, canaries)
    })

    test('every record is verified and every payload opens, of both terms and both KEKs', async () => {
      const node = await goldenNode(protection)
      for (const { record, payload } of golden.secrets) {
        if (payload === null) assert.ok(await node.integrity.verified(record))
        else assert.equal(toHex(await read(node, record)), toHex(payload), record.id)
      }
      for (const order of golden.orders) assert.ok(await node.integrity.verified(order))
      for (const container of containers) assert.ok(await node.integrity.verified(container))
      assert.deepEqual(node.findings, [])
      const counts = [golden.secrets.length, golden.orders.length, containers.length]
      assert.deepEqual(counts, [5, 2, 3])
    })

    test('a record protected today has the MAC it had then', async () => {
      const node = await goldenNode(protection)
      const active = toHex((await node.keyring.active(golden.orders[0]?.projectId as never)).id)
      const secrets = golden.secrets.map(({ record }) => record)
      const ofActiveTerm = [...secrets, ...golden.orders, ...containers].filter(
        ({ rowMac }) => toHex(rowMac?.subarray(0, 8) ?? Buffer.alloc(0)) === active,
      )
      assert.equal(ofActiveTerm.length, 8)
      for (const record of ofActiveTerm) {
        const { rowMac } = await node.integrity.protect(record)
        assert.equal(toHex(rowMac), toHex(record.rowMac ?? Buffer.alloc(0)))
      }
    })
  })
}

async function goldenNode(protection: OldProtection) {
  const projectKeys = new MemoryProjectKeys()
  projectKeys.add(golden.projectKeys)
  const { deploymentId } = golden
  return nodeOver({
    kekStore: await openGolden(protection),
    projectKeys,
    clock,
    deploymentId,
    limits: {},
  })
}

/** Length, then bytes, for each field. */
function fields(...values: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(value))
      return [length, Buffer.from(value)]
    }),
  )
}

function hkdf(key: Uint8Array, salt: string, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, label, 32))
}

function openByHand(key: Uint8Array, associatedData: Uint8Array, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAAD(associatedData).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

/** The subkeys of a project key, unwrapped with the text of design 4 alone. */
function subkeysByHand(row: ProjectKeyRow): (label: string) => Uint8Array {
  const kek = keyring.keys.subarray(32, 64)
  const context = fields('gatehouse/project-key/1', golden.deploymentId, row.projectId, row.id)
  const projectKey = openByHand(
    hkdf(kek, 'gatehouse/kek/1', 'wrap'),
    fields('gatehouse/kek-wrap/1', row.wrapped.kekId, context),
    Buffer.from(row.wrapped.blob.subarray(1)),
  )
  return (label) => hkdf(projectKey, 'gatehouse/project-key/1', label)
}

describe('golden records by hand', () => {
  test('the first secret opens with node:crypto and the text of design 4 alone', () => {
    const { deploymentId, projectKeys, secrets } = golden
    const [row, secret] = [projectKeys[0], secrets[0]]
    assert.ok(row && secret?.payload)
    const { record, payload } = secret
    assert.ok(record.envelope && record.contentType && record.acl)
    const subkey = subkeysByHand(row)
    assert.equal(toHex(subkey('commit')), toHex(row.commitment))

    const envelope = Buffer.from(record.envelope)
    const header = envelope.subarray(0, 12)
    assert.equal(toHex(header), `01010000${toHex(row.id)}`)
    const dek = openByHand(
      subkey('dek-wrap'),
      fields('gatehouse/dek/1', header, deploymentId, record.projectId, record.id),
      envelope.subarray(12, 72),
    )
    const opened = openByHand(
      dek,
      fields(
        'gatehouse/payload/1',
        Uint8Array.of(1),
        Uint8Array.of(1),
        Uint8Array.of(0, 0),
        deploymentId,
        record.id,
        record.secretType,
        record.contentType,
      ),
      envelope.subarray(72),
    )
    assert.equal(toHex(opened), toHex(payload))

    const { acl } = record
    const covered = Buffer.concat([
      fields(
        'gatehouse/row-mac/1',
        deploymentId,
        'secret',
        record.id,
        record.projectId,
        record.creatorId ?? '',
        record.createdAt,
        record.expiration ?? '',
        record.name ?? '',
        record.secretType,
        record.algorithm ?? '',
        String(record.bitLength),
        record.mode ?? '',
        record.contentType,
        Uint8Array.of(2),
        acl.createdAt,
        acl.updatedAt,
      ),
      Uint8Array.of(0, 0, 0, acl.users.length),
      fields(...acl.users),
    ])
    const mac = createHmac('sha256', subkey('row-mac')).update(covered).digest('hex')
    assert.equal(toHex(record.rowMac ?? Buffer.alloc(0)), toHex(row.id) + mac)
  })

  test('the MAC of the first container is what node:crypto makes of it', () => {
    const [row, container] = [golden.projectKeys[0], containers[0]]
    assert.ok(row && container?.acl)
    const { acl, members } = container
    const [first, second] = members
    assert.ok(first && second && members.length === 2 && second.name === null)
    const count = (value: number) => Uint8Array.of(0, 0, 0, value)
    const covered = Buffer.concat([
      fields(
        'gatehouse/row-mac/1',
        golden.deploymentId,
        'container',
        container.id,
        container.projectId,
        container.creatorId ?? '',
        container.createdAt,
        container.type,
        container.name ?? '',
      ),
      count(2),
      fields(first.name ?? '', first.secretId),
      Uint8Array.of(255, 255, 255, 255),
      fields(second.secretId, Uint8Array.of(2), acl.createdAt, acl.updatedAt),
      count(acl.users.length),
      fields(...acl.users),
    ])
    const mac = createHmac('sha256', subkeysByHand(row)('row-mac')).update(covered).digest('hex')
    assert.equal(toHex(container.rowMac ?? Buffer.alloc(0)), toHex(row.id) + mac)
  })
})

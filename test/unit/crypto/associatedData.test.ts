import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AssociatedData,
  canaryContext,
  projectKeyContext,
} from '../../../src/crypto/associatedData.ts'
import type { ProjectKeyId } from '../../../src/model/sealedForms.ts'
import { DEPLOYMENT_ID } from './cryptoRoom.ts'
import { ORDER, OTHER_ORDER, OTHER_PROJECT, OTHER_SECRET, PROJECT, SECRET } from './records.ts'

/** The layout, spelled out a second time: length, then bytes. */
function fields(...values: readonly (string | Uint8Array)[]): string {
  return values
    .map((value) => {
      const bytes = Buffer.from(value)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return Buffer.concat([length, bytes]).toString('hex')
    })
    .join('')
}

const HEADER = Uint8Array.of(1, 1, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2)
const KEY_ID = HEADER.subarray(4) as ProjectKeyId
const BINDING = {
  projectId: PROJECT,
  secretId: SECRET.id,
  secretType: SECRET.secretType,
  contentType: 'text/plain',
} as const

describe('associated data', () => {
  test('a payload is bound to label, format, algorithm, flags, deployment, id, type, content type', () => {
    const data = new AssociatedData(DEPLOYMENT_ID).payload(BINDING)
    assert.equal(
      Buffer.from(data).toString('hex'),
      fields(
        'gatehouse/payload/1',
        Uint8Array.of(1),
        Uint8Array.of(1),
        Uint8Array.of(0, 0),
        DEPLOYMENT_ID,
        SECRET.id,
        'symmetric',
        'text/plain',
      ),
    )
  })

  test('the input of an order is bound to a label of its own, deployment and order', () => {
    const data = new AssociatedData(DEPLOYMENT_ID).orderInput(ORDER.id)
    assert.equal(
      Buffer.from(data).toString('hex'),
      fields(
        'gatehouse/order-input/1',
        Uint8Array.of(1),
        Uint8Array.of(1),
        Uint8Array.of(0, 0),
        DEPLOYMENT_ID,
        ORDER.id,
      ),
    )
  })

  test('a wrapped DEK is bound to label, whole header, deployment, project, secret', () => {
    const data = new AssociatedData(DEPLOYMENT_ID).dek(HEADER, BINDING)
    assert.equal(
      Buffer.from(data).toString('hex'),
      fields('gatehouse/dek/1', HEADER, DEPLOYMENT_ID, PROJECT, SECRET.id),
    )
  })

  test('a wrapped project key is bound to deployment, project and its id', () => {
    const context = projectKeyContext(DEPLOYMENT_ID, PROJECT, KEY_ID)
    assert.equal(
      Buffer.from(context).toString('hex'),
      fields('gatehouse/project-key/1', DEPLOYMENT_ID, PROJECT, KEY_ID),
    )
  })

  test('a canary is bound to deployment and store', () => {
    assert.equal(
      Buffer.from(canaryContext(DEPLOYMENT_ID, 'keyring')).toString('hex'),
      fields('gatehouse/canary/1', DEPLOYMENT_ID, 'keyring'),
    )
  })

  test('nothing of one call is left in the next', () => {
    const used = new AssociatedData(DEPLOYMENT_ID)
    used.payload({ ...BINDING, secretId: OTHER_SECRET.id, contentType: 'application/octet-stream' })
    used.dek(HEADER, { projectId: OTHER_PROJECT, secretId: OTHER_SECRET.id })
    used.orderInput(OTHER_ORDER.id)
    const fresh = new AssociatedData(DEPLOYMENT_ID)
    assert.deepEqual(used.payload(BINDING), fresh.payload(BINDING))
    assert.deepEqual(used.orderInput(ORDER.id), fresh.orderInput(ORDER.id))
    assert.deepEqual(used.dek(HEADER, BINDING), fresh.dek(HEADER, BINDING))
  })
})

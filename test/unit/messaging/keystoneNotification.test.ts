import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readKeystoneNotification } from '../../../src/messaging/keystoneNotification.ts'
import { anyBytes, holds, hostileJson } from '../../property/arbitraries.ts'

const ID = '9f1c1c2d3e4f5a6b7c8d9e0f1a2b3c4d'

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const bare = (eventType: unknown, payload: unknown): object => ({
  message_id: '5f1c',
  publisher_id: 'identity.host',
  event_type: eventType,
  priority: 'INFO',
  payload,
  timestamp: '2026-11-22 12:00:00.000000',
})
const wrapped = (message: unknown, version = '2.0'): Buffer =>
  bytesOf({ 'oslo.version': version, 'oslo.message': JSON.stringify(message) })

const BASIC = bare('identity.project.deleted', { resource_info: ID, request_id: 'req-1' })
const CADF = bare('identity.project.deleted', {
  typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
  initiator: { typeURI: 'service/security/account/user', id: 'u', host: { address: '127.0.0.1' } },
  target: { typeURI: 'data/security/project', id: ID },
  observer: { typeURI: 'service/security', id: 'o' },
  eventType: 'activity',
  action: 'deleted.project',
  outcome: 'success',
  id: 'e',
  resource_info: ID,
})
const DELETED = { kind: 'projectDeleted', projectId: ID }

describe('a notification of Keystone', () => {
  it('says which project was deleted, in both formats, with and without the envelope', () => {
    for (const message of [BASIC, CADF]) {
      assert.deepEqual(readKeystoneNotification(wrapped(message)), DELETED)
      assert.deepEqual(readKeystoneNotification(bytesOf(message)), DELETED)
    }
  })

  it('says so whatever stands before the last two parts of its event type', () => {
    for (const type of ['project.deleted', 'identity.v3.project.deleted']) {
      assert.deepEqual(
        readKeystoneNotification(wrapped(bare(type, { resource_info: ID }))),
        DELETED,
      )
    }
  })

  it('of another event is none of our business', () => {
    for (const type of [
      ...['identity.project.created', 'identity.user.deleted', 'identity.authenticate'],
      ...['deleted', '', 'identity.project.deleted.pending', 'identity.subproject_deleted'],
      'identity.project.Deleted',
    ]) {
      const told = readKeystoneNotification(wrapped(bare(type, { resource_info: ID })))
      assert.deepEqual(told, { kind: 'other' }, type)
    }
  })

  it('of a deletion that failed is none either', () => {
    const failed = bare('identity.project.deleted', { resource_info: ID, outcome: 'failure' })
    assert.deepEqual(readKeystoneNotification(wrapped(failed)), { kind: 'other' })
  })

  it('without a project one could name is unreadable', () => {
    const payloads = [
      ...[undefined, null, 'text', [], {}, { resource_info: null }, { resource_info: 7 }],
      ...[{ resource_info: '' }, { resource_info: 'x'.repeat(256) }, { resource_info: 'a\nb' }],
      ...[{ resource_info: 'a\u0000b' }, { resource_info: [ID] }, { resource_info: '\ud800' }],
    ]
    for (const payload of payloads) {
      const told = readKeystoneNotification(wrapped(bare('identity.project.deleted', payload)))
      assert.equal(told.kind, 'unreadable', JSON.stringify(payload))
    }
  })

  it('that is none is unreadable, with the reason', () => {
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [Buffer.alloc(0), /not JSON/],
      [Buffer.from('{"oslo.version":"2.0"'), /not JSON/],
      [Buffer.from([0xff, 0xfe, 0x00]), /not JSON/],
      [Buffer.from('null'), /no notification/],
      [Buffer.from('"identity.project.deleted"'), /no notification/],
      [bytesOf({ 'oslo.version': '2.0', 'oslo.message': '{' }), /no notification/],
      [bytesOf({ 'oslo.version': '2.0', 'oslo.message': BASIC }), /no notification/],
      [bytesOf({ ...BASIC, event_type: 7 }), /no notification/],
      [Buffer.from(`${'['.repeat(200_000)}`), /not JSON/],
      [Buffer.alloc(1_048_577, 0x20), /longer than/],
    ]
    for (const [bytes, why] of cases) {
      const told = readKeystoneNotification(bytes)
      assert.ok(told.kind === 'unreadable')
      assert.match(told.why, why)
    }
  })

  it('may be any bytes and any JSON: one of the three comes out, and no deletion by chance', () => {
    holds(anyBytes, (bytes) => {
      assert.notEqual(readKeystoneNotification(bytes).kind, 'projectDeleted')
    })
    holds(hostileJson, (value) => {
      assert.notEqual(readKeystoneNotification(bytesOf(value)).kind, 'projectDeleted')
      assert.notEqual(readKeystoneNotification(wrapped(value)).kind, 'projectDeleted')
      const told = readKeystoneNotification(wrapped(bare('identity.project.deleted', value)))
      assert.ok(['other', 'unreadable', 'projectDeleted'].includes(told.kind))
    })
  })
})

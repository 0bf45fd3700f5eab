import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretWithPayload } from '../support/doorSecrets.ts'

describe('expiration', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'dates', user: 'u', roles: ['admin'] })
    door.clock.set('2026-06-01T12:00:00Z')
  })
  after(() => door.close())

  // as sent; as it comes back, undefined: 400
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['2055-01-01', '2055-01-01T00:00:00'],
    ['2055-1-2', '2055-01-02T00:00:00'],
    ['20550102', '2055-01-02T00:00:00'],
    ['2055-01', '2055-01-01T00:00:00'],
    ['2055', '2055-01-01T00:00:00'],
    ['2055-01-01T10', '2055-01-01T10:00:00'],
    ['2055-01-01T10:20', '2055-01-01T10:20:00'],
    ['2055-01-01T10:20:30', '2055-01-01T10:20:30'],
    ['2055-01-01 10:20:30', '2055-01-01T10:20:30'],
    ['20550101T102030', '2055-01-01T10:20:30'],
    ['2055-01-01T10:20:30.5', '2055-01-01T10:20:30.500000'],
    ['2055-01-01T10:20:30.000000', '2055-01-01T10:20:30'],
    ['2055-01-01T10:20:30.123456789', '2055-01-01T10:20:30.123456'],
    ['2055-01-01T10:20:30Z', '2055-01-01T10:20:30'],
    ['2055-01-01T10:20:30+02:00', '2055-01-01T08:20:30'],
    ['2055-01-01T10:20:30-0230', '2055-01-01T12:50:30'],
    ['2055-01-01T10:20:30+02', '2055-01-01T08:20:30'],
    ['2055-01-01T00:00:00+14:00', '2054-12-31T10:00:00'],
    [' 2055-01-01T10:20:30 ', '2055-01-01T10:20:30'],
    ['2056-02-29', '2056-02-29T00:00:00'],
    ['9999-12-31T23:59:59', '9999-12-31T23:59:59'],
    ['9999-12-31T23:59:59-01:00', undefined],
    ['0001-01-01T00:00:00+01:00', undefined],
    ['2055-02-29', undefined],
    ['2055-13-01', undefined],
    ['2055-00-01', undefined],
    ['2055-01-32', undefined],
    ['2055-01-01T24:00:00', undefined],
    ['2055-01-01T23:60:00', undefined],
    ['2055-01-01T23:59:60', undefined],
    ['2055-01-01T10:20:30+25:00', undefined],
    ['2055-W01-1', undefined],
    ['2055-001', undefined],
    ['10000-01-01', undefined],
    ['-2055-01-01', undefined],
    ['2055/01/01', undefined],
    ['01.02.2055', undefined],
    ['1893456000', undefined],
    ['tomorrow', undefined],
    ['2055-01-01T10:20:30 UTC', undefined],
    ['２０５５-01-01', undefined],
    ['2026-06-01T11:59:59', undefined],
    ['2026-06-01', undefined],
    ['2026-06-01T14:00:00+02:00', undefined],
    ['1999-01-01', undefined],
  ]
  for (const [sent, back] of rows) {
    test(`${sent} ${back === undefined ? 'is 400' : `comes back as ${back}`}`, async () => {
      door.clock.set('2026-06-01T12:00:00Z')
      const answer = await creator.post('/v1/secrets', { expiration: sent })
      assert.equal(answer.status, back === undefined ? 400 : 201, answer.text)
      if (back === undefined) {
        assert.match(String(answer.json['description']), /expiration/)
        return
      }
      const { json } = await creator.get(new URL(String(answer.json['secret_ref'])).pathname)
      assert.equal(json['expiration'], back)
    })
  }

  test('now is too early, a microsecond later is not', async () => {
    const expiration = '2026-06-01T12:00:00.000001'
    door.clock.set('2026-06-01T12:00:00Z')
    assert.equal((await creator.post('/v1/secrets', { expiration })).status, 201)
    assert.equal((await creator.post('/v1/secrets', { expiration })).status, 400)
  })

  test('at its instant a secret is gone for everything, one microsecond before it is not', async () => {
    door.clock.set('2026-06-01T12:00:00Z')
    const fields = { expiration: '2026-06-01T13:00:00', name: 'expiring' }
    const { path } = await secretWithPayload(creator, fields)
    door.clock.set('2026-06-01T12:59:59.999Z')
    assert.equal((await creator.get(path)).status, 200)
    assert.equal((await creator.get(`${path}/payload`)).status, 200)
    assert.equal((await creator.get('/v1/secrets?name=expiring')).json['total'], 1)

    const atTheInstant = async (ask: () => Promise<{ status: number }>) => {
      door.clock.set('2026-06-01T13:00:00Z')
      assert.equal((await ask()).status, 404)
    }
    await atTheInstant(() => creator.get(path))
    await atTheInstant(() => creator.get(`${path}/payload`))
    await atTheInstant(() => creator.get(`${path}/metadata`))
    await atTheInstant(() => creator.put(path, 'x', { 'content-type': 'text/plain' }))
    await atTheInstant(() => creator.put(`${path}/metadata`, { metadata: {} }))
    await atTheInstant(() => creator.delete(path))
    door.clock.set('2026-06-01T13:00:00Z')
    assert.deepEqual((await creator.get('/v1/secrets?name=expiring')).json, {
      secrets: [],
      total: 0,
    })
    door.clock.set('2026-06-01T13:00:00Z')
    const filtered = await creator.get('/v1/secrets?expiration=lte:2026-06-01T13:00:00')
    assert.equal(filtered.json['total'], 0)
  })
})

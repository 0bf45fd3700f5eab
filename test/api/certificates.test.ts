import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type CertificateEnding, CertificateWatch } from '../../src/domain/certificateWatch.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, putAcl, secretOf, secretOfBytes } from '../support/doorSecrets.ts'
import { type MadeCertificate, makeCertificate } from '../support/storedCertificates.ts'

const PROJECT = { project: 'p', user: 'u', roles: ['admin'] }

describe('certificates that clients store', () => {
  let door: Door
  let owner: Caller
  let root: MadeCertificate
  let middle: MadeCertificate
  let leaf: MadeCertificate
  before(async () => {
    door = await openDoor()
    owner = door.as(PROJECT)
    root = await makeCertificate('root', { isCa: true, until: '2036-01-01T00:00:00Z' })
    middle = await makeCertificate('middle', { isCa: true, by: root })
    leaf = await makeCertificate('leaf', { by: middle })
  })
  beforeEach(() => door.clock.set('2026-05-01T00:00:00Z'))
  after(() => door.close())

  /** PEM as text, the way `openstack secret store` sends it. */
  const store = (payload: string, fields: object = {}): Promise<MadeSecret> =>
    secretOf(owner, {
      ...{ payload, payload_content_type: 'text/plain', secret_type: 'certificate' },
      ...fields,
    })
  const shown = async ({ path }: MadeSecret, status = 200): Promise<DoorAnswer['json']> => {
    const answer = await owner.get(`${path}/certificate`)
    assert.equal(answer.status, status, answer.text)
    return answer.json
  }
  const codes = (json: DoorAnswer['json']): readonly string[] =>
    (json['warnings'] as { code: string }[]).map(({ code }) => code)
  const rows = ({ id }: MadeSecret) =>
    door.execute('select * from certificate_facts where secret_id = ?', id)
  const containerOf = async (
    members: Readonly<Record<string, MadeSecret>>,
    type = 'certificate',
  ): Promise<string> => {
    const refs = Object.entries(members).map(([name, { ref }]) => ({ name, secret_ref: ref }))
    const answer = await owner.post('/v1/containers', { type, secret_refs: refs })
    assert.equal(answer.status, 201, answer.text)
    const ref = String(answer.json['container_ref'])
    return ref.slice(ref.indexOf('/v1/'))
  }
  const judged = async (members: Readonly<Record<string, MadeSecret>>) => {
    const answer = await owner.get(`${await containerOf(members)}/certificate`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json
  }

  test('what is known of one that is stored in one step, and the payload to the byte', async () => {
    const bundle = `${leaf.pem}${middle.pem}`.trim()
    const secret = await store(bundle)
    const { warnings, ...facts } = await shown(secret)
    assert.deepEqual(facts, {
      secret_ref: secret.ref,
      kind: 'certificate',
      valid_from: '2026-01-01T00:00:00',
      valid_until: '2026-12-31T00:00:00',
      days_left: 244,
      public_key_sha256: facts['public_key_sha256'],
      certificates: 2,
      chain: 'open',
      private_key: 'none',
    })
    assert.match(String(facts['public_key_sha256']), /^[0-9a-f]{64}$/)
    assert.deepEqual(warnings, [])
    const payload = await owner.get(`${secret.path}/payload`, { accept: 'text/plain' })
    assert.equal(payload.text, bundle)
  })

  test('what Barbican shows of such a secret is what it was', async () => {
    const keys = async (secret: MadeSecret) => Object.keys((await owner.get(secret.path)).json)
    const ordinary = await secretOf(owner, { payload: 'x', payload_content_type: 'text/plain' })
    assert.deepEqual(await keys(await store(leaf.pem.trim())), await keys(ordinary))
  })

  for (const kind of ['ec', 'rsa', 'ed25519'] as const) {
    test(`a certificate with a key of kind ${kind}: text, bytes, DER and the second step give the same`, async () => {
      const made = await makeCertificate('one', { kind })
      const fields = { secret_type: 'certificate' }
      const twoSteps = await secretOf(owner, fields)
      const put = await owner.put(twoSteps.path, made.pem, { 'content-type': 'text/plain' })
      assert.equal(put.status, 204)
      const secrets = [
        await store(made.pem),
        await store(Buffer.from(made.pem).toString('base64')),
        await secretOfBytes(owner, Buffer.from(made.pem), fields),
        await secretOfBytes(owner, made.der, fields),
        twoSteps,
      ]
      const [first, ...others] = await Promise.all(secrets.map((secret) => shown(secret)))
      for (const other of others) {
        assert.deepEqual({ ...other, secret_ref: '' }, { ...first, secret_ref: '' })
      }
      const read = await owner.get(`${secrets[3]?.path}/payload`, {
        accept: 'application/octet-stream',
      })
      assert.ok(read.bytes.equals(made.der))
      const key = await store(made.keyPem, { secret_type: 'private' })
      const ofKey = await shown(key)
      assert.equal(ofKey['kind'], 'private_key')
      assert.equal(ofKey['public_key_sha256'], first?.['public_key_sha256'])
      assert.equal(ofKey['valid_until'], null)
    })
  }

  test('one that has ended, one that ends soon, one whose time has not come', async () => {
    const one = await store(leaf.pem)
    const warned = async (time: string) => {
      door.clock.set(time)
      return codes(await shown(one))
    }
    assert.deepEqual(await warned('2025-12-31T23:59:59Z'), ['not_yet_valid', 'chain_missing'])
    assert.deepEqual(await warned('2026-11-30T23:59:59Z'), ['chain_missing'])
    assert.deepEqual(await warned('2026-12-01T00:00:00Z'), ['expires_soon', 'chain_missing'])
    assert.deepEqual(await warned('2026-12-31T00:00:00Z'), ['expired', 'chain_missing'])
    assert.equal((await shown(one))['days_left'], -1)
  })

  test('what is called a certificate and is none is stored as before, and noted', async () => {
    const secret = await store('-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----')
    const json = await shown(secret)
    assert.equal(json['kind'], 'unreadable')
    assert.deepEqual(codes(json), ['unreadable'])
    const payload = await owner.get(`${secret.path}/payload`, { accept: 'text/plain' })
    assert.match(payload.text, /\ngarbage\n/)
  })

  test('a bundle as large as a payload may be', async () => {
    const count = Math.floor(20_000 / root.pem.length)
    const secret = await store(root.pem.repeat(count).trim())
    const json = await shown(secret)
    assert.equal(json['certificates'], count)
    assert.equal(json['chain'], 'authorities')
  })

  test('an opaque secret in PEM is one too; of anything else nothing is known, and nothing is written', async () => {
    const opaque = await store(leaf.pem, { secret_type: 'opaque' })
    assert.equal((await shown(opaque))['kind'], 'certificate')
    for (const fields of [
      { payload: 'some payload' },
      { payload: leaf.pem, secret_type: 'passphrase' },
      { payload: leaf.pem, secret_type: 'symmetric' },
      { payload: 'no key', secret_type: 'private' },
    ]) {
      const other = await secretOf(owner, { payload_content_type: 'text/plain', ...fields })
      await shown(other, 404)
      assert.deepEqual(rows(other), [])
    }
    await shown(await secretOf(owner, { secret_type: 'certificate' }), 404)
    assert.equal((await owner.get(`/v1/secrets/${randomUUID()}/certificate`)).status, 404)
  })

  test('nothing of the certificate but digests, dates and states is kept', async () => {
    const name = `CN ${randomUUID()}`
    const made = await makeCertificate(name)
    const secret = await store(`${made.pem}${made.keyPem}`)
    assert.equal((await shown(secret))['private_key'], 'matches')
    const [row] = rows(secret)
    const kept = JSON.stringify(row)
    assert.ok(!kept.includes(name), kept)
    const raw = Buffer.concat(
      Object.values(row ?? {}).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
      ),
    )
    assert.ok(!raw.includes(made.keyDer.subarray(-20)))
  })

  test('facts go with their secret', async () => {
    for (const type of ['certificate', 'private', 'opaque']) {
      const secret = await store(type === 'private' ? leaf.keyPem : leaf.pem, { secret_type: type })
      assert.equal(rows(secret).length, 1)
      assert.equal((await owner.delete(secret.path)).status, 204)
      assert.deepEqual(rows(secret), [])
    }
    const expiring = await store(leaf.pem, { expiration: '2026-05-02T00:00:00' })
    door.clock.set('2026-05-02T00:00:00Z')
    await shown(expiring, 404)
    const order = { batchSize: 10, goesOn: async () => true }
    await door.purges.expiredSecrets.run({ ...order, before: door.clock.now() })
    assert.deepEqual(rows(expiring), [])
  })

  test('whether key and intermediates of a container belong to its certificate', async () => {
    const certificate = await store(leaf.pem)
    const key = await store(leaf.keyPem, { secret_type: 'private' })
    const intermediates = await store(`${middle.pem}${root.pem}`)
    const json = await judged({ certificate, private_key: key, intermediates })
    assert.deepEqual(
      { ...json, container_ref: '' },
      {
        container_ref: '',
        valid_from: '2026-01-01T00:00:00',
        valid_until: '2026-12-31T00:00:00',
        days_left: 244,
        chain: 'self_signed',
        private_key: 'matches',
        warnings: [],
      },
    )
    const openChain = await judged({ certificate, intermediates: await store(middle.pem) })
    assert.deepEqual([openChain['chain'], openChain['private_key']], ['open', 'none'])
    const unsorted = await store(`${root.pem}${middle.pem}`)
    assert.equal((await judged({ certificate, intermediates: unsorted }))['chain'], 'self_signed')
    const alone = await judged({ certificate })
    assert.deepEqual([alone['chain'], codes(alone)], ['missing', ['chain_missing']])
    const astray = await judged({ certificate, intermediates: await store(root.pem) })
    assert.deepEqual([astray['chain'], codes(astray)], ['broken', ['chain_broken']])
    const foreign = await store(root.keyPem, { secret_type: 'private' })
    const differs = await judged({ certificate, private_key: foreign, intermediates })
    assert.deepEqual([differs['private_key'], codes(differs)], ['differs', ['key_mismatch']])
    const locked = await store(lockedKey(leaf), { secret_type: 'private' })
    const unknown = await judged({ certificate, private_key: locked, intermediates })
    assert.deepEqual([unknown['private_key'], codes(unknown)], ['unknown', []])
  })

  test('a CA that renewed its key under its old name is told from the one before', async () => {
    const renewed = await makeCertificate('middle', { isCa: true, by: root })
    const certificate = await store(leaf.pem)
    const intermediates = await store(renewed.pem)
    assert.equal((await judged({ certificate, intermediates }))['chain'], 'broken')
    const bare = await makeCertificate('leaf', { by: middle, isBare: true })
    const old = await store(bare.pem)
    assert.equal((await judged({ certificate: old, intermediates }))['chain'], 'open')
  })

  test('the first end of certificate and intermediates is that of the container', async () => {
    const short = await makeCertificate('middle', {
      ...{ isCa: true, by: root, from: '2026-02-01T00:00:00Z', until: '2026-05-11T00:00:00Z' },
    })
    const signed = await makeCertificate('leaf', { by: short })
    const json = await judged({
      certificate: await store(signed.pem),
      intermediates: await store(short.pem),
    })
    assert.deepEqual(
      [json['valid_from'], json['valid_until'], json['days_left'], codes(json)],
      ['2026-02-01T00:00:00', '2026-05-11T00:00:00', 10, ['expires_soon']],
    )
  })

  test('members that are no certificates, unknown, expired or gone are said to be so', async () => {
    const garbage = await store('garbage')
    assert.deepEqual(codes(await judged({ certificate: garbage })), ['unreadable'])
    const certificate = await store(leaf.pem)
    door.execute('delete from certificate_facts where secret_id = ?', certificate.id)
    const unknown = await judged({ certificate })
    assert.deepEqual([unknown['chain'], codes(unknown)], ['unknown', ['not_looked_at']])
    const gone = await store(leaf.pem)
    const path = await containerOf({ certificate: gone })
    assert.equal((await owner.delete(gone.path)).status, 204)
    const answer = await owner.get(`${path}/certificate`)
    assert.deepEqual(codes(answer.json), ['certificate_missing'])
    const expiring = await store(leaf.pem, { expiration: '2026-05-02T00:00:00' })
    const later = await containerOf({ certificate: expiring })
    door.clock.set('2026-05-02T00:00:00Z')
    assert.deepEqual(codes((await owner.get(`${later}/certificate`)).json), ['certificate_missing'])
    assert.deepEqual(codes(await judged({})), ['certificate_missing'])
  })

  test('containers of other types have no such thing', async () => {
    const generic = await containerOf({ certificate: await store(leaf.pem) }, 'generic')
    const answer = await owner.get(`${generic}/certificate`)
    assert.equal(answer.status, 404)
    assert.match(answer.text, /is of type generic/)
  })

  test('whoever may not read the metadata of a secret learns nothing of it, alone or in a container', async () => {
    const certificate = await store(leaf.pem)
    const key = await store(leaf.keyPem, { secret_type: 'private' })
    const container = await containerOf({ certificate, private_key: key })
    await putAcl(owner, key, { users: ['friend'], projectAccess: false })
    const colleague = door.as({ ...PROJECT, user: 'colleague', roles: ['observer'] })
    assert.equal((await colleague.get(`${certificate.path}/certificate`)).status, 200)
    assert.equal((await colleague.get(`${key.path}/certificate`)).status, 403)
    assert.equal((await colleague.get(`${container}/certificate`)).status, 403)
    const stranger = door.as({ project: 'q', user: 'x', roles: ['admin'] })
    assert.equal((await stranger.get(`${certificate.path}/certificate`)).status, 403)
    assert.equal((await stranger.get(`${container}/certificate`)).status, 403)
  })

  test('the private key of an ordered pair can be compared as well, locked or not', async () => {
    for (const passphrase of [undefined, 'open sesame']) {
      const meta = { algorithm: 'rsa', bit_length: 2048, ...(passphrase && { passphrase }) }
      const placed = await owner.post('/v1/orders', { type: 'asymmetric', meta })
      assert.equal(placed.status, 202, placed.text)
      const ref = String(placed.json['order_ref'])
      const order = await owner.get(ref.slice(ref.indexOf('/v1/')))
      const container = await owner.get(new URL(String(order.json['container_ref'])).pathname)
      const members = container.json['secret_refs'] as { name: string; secret_ref: string }[]
      const member = members.find(({ name }) => name === 'private_key')
      const json = (await owner.get(`${new URL(member?.secret_ref ?? '').pathname}/certificate`))
        .json
      assert.equal(json['kind'], 'private_key')
      assert.match(String(json['public_key_sha256']), /^[0-9a-f]{64}$/)
    }
  })

  test('warns 30, 7 and 1 day ahead and at the end, once each, across restarts and nodes', async () => {
    door.execute('delete from certificate_facts')
    const secret = await store(leaf.pem)
    const heard: (readonly [string, number])[] = []
    const round = {
      batchSize: 1,
      goesOn: async () => true,
      onEnding: ({ secretId, days }: CertificateEnding) => void heard.push([secretId, days]),
    }
    /** Each time another process, which knows what stands in the database and nothing else. */
    const process = () =>
      new CertificateWatch({ certificates: door.database.certificates, clock: door.clock })
    const at = async (time: string) => {
      door.clock.set(time)
      await process().run(round)
      return heard.splice(0)
    }
    assert.deepEqual(await at('2026-11-30T23:59:59Z'), [])
    assert.deepEqual(await at('2026-12-01T00:00:00Z'), [[secret.id, 30]])
    assert.deepEqual(await at('2026-12-01T01:00:00Z'), [])
    assert.deepEqual(await at('2026-12-23T23:59:59Z'), [])
    // Two nodes at once.
    door.clock.set('2026-12-24T00:00:00Z')
    await Promise.all([process().run(round), process().run(round)])
    assert.deepEqual(heard.splice(0), [[secret.id, 7]])
    // Nobody was there when one day was left.
    assert.deepEqual(await at('2026-12-31T00:00:01Z'), [[secret.id, 0]])
    assert.deepEqual(await at('2027-12-31T00:00:00Z'), [])
    // Stored when it is late already: the one warning that is true.
    door.clock.set('2026-12-30T12:00:00Z')
    const late = await store(leaf.pem)
    assert.deepEqual(await at('2026-12-30T12:00:01Z'), [[late.id, 1]])
    // A clock that was set back burns no warning.
    door.execute(
      'update certificate_facts set warn_at = ? where secret_id = ?',
      '2026-01-01T00:00:00.000000',
      late.id,
    )
    assert.deepEqual(await at('2026-06-01T00:00:00Z'), [])
    assert.deepEqual(await at('2026-12-01T00:00:00Z'), [[late.id, 30]])
  })

  test('an end that somebody wrote there by hand, and that is none, holds up no warning', async () => {
    door.execute('delete from certificate_facts')
    const [damaged, sound] = [await store(leaf.pem), await store(leaf.pem)]
    const write = 'update certificate_facts set not_after = ?, warn_at = ? where secret_id = ?'
    door.execute(write, 'theirs', '2026-01-01T00:00:00.000000', damaged.id)
    door.clock.set('2026-12-30T12:00:00Z')
    const heard: string[] = []
    const round = { batchSize: 1, goesOn: async () => true }
    await door.certificateWatch.run({
      ...round,
      onEnding: ({ secretId }) => void heard.push(secretId),
    })
    assert.deepEqual(heard, [sound.id])
  })

  test('counts what ends, by what is left of it', async () => {
    door.execute('delete from certificate_facts')
    await store(leaf.pem)
    await store(leaf.keyPem, { secret_type: 'private' })
    await store('garbage')
    const counted = async (time: string) => {
      door.clock.set(time)
      const { expired, within1Day, within7Days, within30Days } = await door.certificateWatch.count()
      return [expired, within1Day, within7Days, within30Days]
    }
    assert.deepEqual(await counted('2026-11-01T00:00:00Z'), [0, 0, 0, 0])
    assert.deepEqual(await counted('2026-12-02T00:00:00Z'), [0, 0, 0, 1])
    assert.deepEqual(await counted('2026-12-25T00:00:00Z'), [0, 0, 1, 0])
    assert.deepEqual(await counted('2026-12-30T12:00:00Z'), [0, 1, 0, 0])
    assert.deepEqual(await counted('2027-01-01T00:00:00Z'), [1, 0, 0, 0])
  })

  test('what a node of the release before deleted is warned of by nobody, and swept', async () => {
    const secret = await store(leaf.pem)
    door.execute('delete from secrets where id = ?', secret.id)
    door.clock.set('2026-12-25T00:00:00Z')
    const heard: string[] = []
    door.clock.advanceSeconds(2 * 86_400)
    await door.certificateWatch.run({
      batchSize: 1,
      goesOn: async () => true,
      onEnding: ({ secretId }) => void heard.push(secretId),
    })
    assert.ok(!heard.includes(secret.id))
    assert.deepEqual(rows(secret), [])
  })

  test('no damage was found, and nothing failed', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})

function lockedKey({ privateKey }: MadeCertificate): string {
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'p' }
  return String(privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }))
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compare, type Worlds } from '../../peers/differential/compare.ts'
import type { Heard } from '../../peers/differential/exchange.ts'
import { Identities } from '../../peers/differential/identities.ts'
import { Ledger } from '../../peers/differential/ledger.ts'
import { Random } from '../../peers/differential/random.ts'

const A = '11111111-1111-4111-8111-111111111111'
const B = '22222222-2222-4222-8222-222222222222'
const C = '33333333-3333-4333-8333-333333333333'
const D = '44444444-4444-4444-8444-444444444444'

const worlds = (): Worlds => ({
  theirBase: 'http://127.0.0.1:1',
  ourBase: 'http://127.0.0.1:2',
  identities: new Identities(),
})

const heard = (body: unknown, changes: Partial<Heard> = {}): Heard => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
  hasStrayBytes: false,
  ...changes,
})

const places = (theirs: Heard, ours: Heard, within: Worlds = worlds()): readonly string[] =>
  compare(theirs, ours, within).map(({ where }) => where)

describe('the comparison with Barbican sees', () => {
  test('nothing in answers that are the same but for base, ids and the present time', () => {
    const now = new Date().toISOString().slice(0, 19)
    const theirs = heard({ ref: `http://127.0.0.1:1/v1/secrets/${A}`, created: `${now}.000001` })
    const ours = heard({ ref: `http://127.0.0.1:2/v1/secrets/${B}`, created: `${now}.999999` })
    assert.deepEqual(places(theirs, ours), [])
  })

  test('a status, and then nothing else', () => {
    assert.deepEqual(places(heard({ a: 1 }), heard({}, { status: 201 })), ['status'])
  })

  test('a key too many, one too few, a type, a value, a length', () => {
    assert.deepEqual(places(heard({ a: 1 }), heard({ b: 1 })), ['body.a', 'body.b'])
    assert.deepEqual(places(heard({ a: 1 }), heard({ a: '1' })), ['body.a'])
    assert.deepEqual(places(heard({ a: null }), heard({ a: 0 })), ['body.a'])
    assert.deepEqual(places(heard({ a: [1, 2] }), heard({ a: [1] })), ['body.a.length'])
    assert.deepEqual(places(heard({ a: [1, 2] }), heard({ a: [2, 1] })), ['body.a[0]', 'body.a[1]'])
  })

  test('a header that is missing or says something else, but not its order or case', () => {
    const theirs = heard({}, { headers: { allow: 'GET, POST', vary: 'X' } })
    assert.deepEqual(places(theirs, heard({}, { headers: { allow: 'POST, GET', vary: 'x' } })), [])
    assert.deepEqual(places(theirs, heard({}, { headers: { allow: 'GET' } })), [
      'header allow',
      'header vary',
    ])
  })

  test('an id that stands for two things', () => {
    const known = worlds()
    assert.deepEqual(places(heard({ ref: A }), heard({ ref: B }), known), [])
    assert.deepEqual(places(heard({ ref: A }), heard({ ref: B }), known), [])
    assert.deepEqual(places(heard({ ref: A }), heard({ ref: C }), known), ['body.ref'])
    assert.deepEqual(places(heard({ ref: D }), heard({ ref: B }), known), ['body.ref'])
  })

  test('a time that is not now', () => {
    assert.deepEqual(
      places(heard({ at: '2055-01-01T00:00:00' }), heard({ at: '2055-01-01T05:00:00' })),
      ['body.at'],
    )
  })

  test('the bytes of a payload', () => {
    const plain = { headers: { 'content-type': 'text/plain' } }
    const theirs = heard('', { ...plain, body: Buffer.from('a') })
    assert.deepEqual(places(theirs, heard('', { ...plain, body: Buffer.from('a ') })), ['body'])
  })

  test('not the wording of a description, but whether there is one', () => {
    assert.deepEqual(places(heard({ description: 'x' }), heard({ description: 'y' })), [])
    assert.deepEqual(places(heard({ description: 'x' }), heard({})), ['body.description'])
  })
})

describe('the ledger of listed differences', () => {
  const question = { method: 'GET', path: '/v1/x', by: undefined, headers: {}, body: undefined }
  const theirs = heard({}, { status: 500 })
  const ours = heard({}, { status: 404 })
  const discrepancies = compare(theirs, ours, worlds())
  const pair = { scenario: 's', question, theirs, ours, discrepancies }
  const entry = { cause: 'mended', reason: 'r', where: /^status$/, theirs: /^500$/ } as const

  test('lets pass what an entry covers in all it says, and reports the rest', () => {
    assert.equal(new Ledger([entry]).enter(pair), undefined)
    for (const other of [
      { ...entry, theirs: /^400$/ },
      { ...entry, ours: /^200$/ },
      { ...entry, line: /^POST / },
      { ...entry, body: /x/ },
      { ...entry, header: ['accept', /./] as const },
      { ...entry, where: /^body$/ },
    ])
      assert.match(new Ledger([other]).enter(pair) ?? '', /status: Barbican 500, Gatehouse 404/)
  })

  test('names the entries that nothing has shown', () => {
    const ledger = new Ledger([entry, { ...entry, line: /^POST / }])
    ledger.enter(pair)
    assert.deepEqual(ledger.unmet(), [{ ...entry, line: /^POST / }])
  })
})

test('the same seed draws the same, another seed or stream does not', () => {
  const drawn = (seed: number, stream: string): string => new Random(seed, stream).text(30)
  assert.equal(drawn(1, 'a'), drawn(1, 'a'))
  assert.notEqual(drawn(1, 'a'), drawn(2, 'a'))
  assert.notEqual(drawn(1, 'a'), drawn(1, 'b'))
})

test('a text is said in our ids and our base, in the spelling it had', () => {
  const identities = new Identities()
  assert.ok(identities.match(`/v1/secrets/${A}`, `/v1/secrets/${B}`))
  const bare = (id: string): string => id.replaceAll('-', '')
  assert.equal(
    identities.translated(`http://a/${A}/${bare(A)}/${C}`, 'http://a', 'http://b'),
    `http://b/${B}/${bare(B)}/${C}`,
  )
})

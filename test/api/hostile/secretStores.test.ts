import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attack, type Case, request, target } from '../../support/hostileSuite.ts'

const IDS: readonly (readonly [string, string])[] = [
  ['a NUL', '%00'],
  ['a traversal', '..%2f..%2fsecrets%2f{id}'],
  ['dots', '%2e%2e'],
  ['SQL', "1'%20or%20'1'='1"],
  ['LIKE wildcards', '%25'],
  ['the id of a secret', '{id}'],
  ['an upper-case word', 'PREFERRED'],
  ['a word with a suffix', 'preferred.json'],
  ['a word and a NUL', 'preferred%00'],
  ['a word escaped twice', '%2570referred'],
  ['a broken escape', '%zz'],
  ['overlong UTF-8', '%c0%ae'],
  ['half a surrogate pair', '%ed%a0%80'],
  ['emoji', '%F0%9F%94%91'],
  ['7000 characters', 'x'.repeat(7_000)],
  ['a prototype', '__proto__'],
  ['a constructor', 'constructor'],
]

const BODIES: readonly (readonly [string, string, string])[] = [
  ['broken JSON', 'Content-Type: application/json\r\n', '{"a":'],
  ['a prototype', 'Content-Type: application/json\r\n', '{"__proto__":{"id":1}}'],
  ['another project', 'Content-Type: application/json\r\n', '{"project_id":"other","inst":1}'],
  ['bytes of no type', '', '\0\u00ff'],
  ['more than any body may have', 'Content-Type: application/json\r\n', 'x'.repeat(60_000)],
]

describe('hostile ids of secret stores', () => {
  const at = target({ hasSeveralStores: true })
  const answers = [404, 400]
  attack(
    at,
    IDS.flatMap(([what, id]): Case[] => [
      {
        name: `GET with ${what}`,
        bytes: request(`GET /v1/secret-stores/${id}`),
        statuses: answers,
      },
      {
        name: `POST preferred with ${what}`,
        bytes: request(`POST /v1/secret-stores/${id}/preferred`),
        statuses: answers,
      },
      {
        name: `DELETE preferred with ${what}`,
        bytes: request(`DELETE /v1/secret-stores/${id}/preferred`),
        statuses: answers,
      },
    ]),
  )

  const storePath = async (): Promise<string> => {
    const { json } = await at.get().owner.get('/v1/secret-stores')
    const [, second] = json['secret_stores'] as readonly { readonly secret_store_ref: string }[]
    return `/v1/secret-stores/${second?.secret_store_ref.slice(-36)}`
  }

  for (const [what, headers, body] of BODIES) {
    test(`a preference with ${what} in its body is set for the caller's project, and the next request is read`, async () => {
      const { door, wire, owner } = at.get()
      const path = await storePath()
      const first = request(`POST ${path}/preferred`, headers, body).replace('close', 'keep-alive')
      const { statuses, text } = await wire.say([first, request('GET /v1/secret-stores')])
      assert.deepEqual(statuses, [204, 200], text.slice(0, 300))
      assert.doesNotMatch(text.slice(0, text.indexOf('\r\n\r\n')), /content-length/i)
      assert.deepEqual(door.execute('select project_id from preferred_secret_stores'), [
        { project_id: 'hostile' },
      ])
      assert.equal((await owner.delete(`${path}/preferred`)).status, 204)
    })
  }

  test('a query names no other project and no other store', async () => {
    const { wire, owner } = at.get()
    const path = await storePath()
    const query = 'project_id=other&external_project_id=other&secret_store_id=x&id=x'
    for (const line of [
      `POST ${path}/preferred?${query}`,
      `GET /v1/secret-stores/preferred?${query}`,
      `DELETE ${path}/preferred?${query}`,
    ]) {
      const { statuses } = await wire.say(request(line))
      assert.ok([200, 204].includes(statuses[0] ?? 0), `${line}: ${statuses}`)
    }
    assert.equal((await owner.get('/v1/secret-stores/preferred')).status, 404)
  })

  test('a hundred that set and remove at once leave one state or the other', async () => {
    const { owner, door } = at.get()
    const path = await storePath()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        owner.ask(index % 2 === 0 ? 'POST' : 'DELETE', `${path}/preferred`),
      ),
    )
    for (const { status } of answers) assert.ok(status === 204 || status === 404, String(status))
    const rows = door.execute('select project_id from preferred_secret_stores')
    assert.ok(rows.length <= 1)
    const expected = rows.length === 1 ? 200 : 404
    assert.equal((await owner.get('/v1/secret-stores/preferred')).status, expected)
  })
})

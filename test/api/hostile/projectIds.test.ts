import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attack, type Case, request, target } from '../../support/hostileSuite.ts'

/** Any text is a project id; what an attacker would make of that. */
const IDS: readonly (readonly [string, string])[] = [
  ['a NUL', '%00'],
  ['a NUL within', 'a%00b'],
  ['CRLF', 'a%0d%0aX-Evil:%201'],
  ['a broken escape', '%'],
  ['half an escape', '%e'],
  ['bytes that are no UTF-8', '%ff%fe'],
  ['a surrogate in UTF-8', '%ed%a0%80'],
  ['a slash', 'a%2fb'],
  ['the way up', '..%2f..%2fsecrets'],
  ['dots', '%2e%2e'],
  ['SQL', "'%20or%20'1'='1';--"],
  ['a prototype', '__proto__'],
  ['a constructor', 'constructor'],
  ['a wildcard', '%25'],
  ['a placeholder', '%3f'],
  ['10000 letters', 'p'.repeat(10_000)],
  ['256 emoji', '%F0%9F%94%91'.repeat(256)],
  ['255 emoji', '%F0%9F%94%91'.repeat(255)],
  ['a blank', '%20'],
  ['a suffix', 'x.json'],
]

describe('hostile project ids', () => {
  const at = target()
  const json = 'Content-Type: application/json\r\n'
  const requests = (id: string) => ({
    PUT: request(`PUT /v1/project-quotas/${id}`, json, '{"project_quotas":{"secrets":1}}'),
    GET: request(`GET /v1/project-quotas/${id}`),
    DELETE: request(`DELETE /v1/project-quotas/${id}`),
  })
  attack(
    at,
    IDS.flatMap(([what, id]) =>
      Object.entries(requests(id)).map(
        ([method, bytes]): Case => ({
          name: `${method} of ${what}`,
          bytes,
          statuses: [200, 204, 400, 404],
        }),
      ),
    ),
  )

  test('no id reached the quotas of another project', async () => {
    const { owner } = at.get()
    const { quotas } = (await owner.get('/v1/quotas')).json
    assert.deepEqual(quotas, { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 })
  })
})

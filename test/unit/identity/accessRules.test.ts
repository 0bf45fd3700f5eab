import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAllowedBy, matchesPattern } from '../../../src/identity/accessRules.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

const CASES: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
  ['/v1/secrets', '/v1/secrets', true],
  ['/v1/secrets', '/v1/secrets/', false],
  ['/v1/secrets', '/v1/secrets/abc', false],
  ['/v1/secrets/*', '/v1/secrets/abc', true],
  ['/v1/secrets/*', '/v1/secrets/', false],
  ['/v1/secrets/*', '/v1/secrets', false],
  ['/v1/secrets/*', '/v1/secrets/abc/payload', false],
  ['/v1/secrets/*/payload', '/v1/secrets/abc/payload', true],
  ['/v1/secrets/*/payload', '/v1/secrets//payload', false],
  ['/v1/secrets/{secret_id}', '/v1/secrets/abc', true],
  ['/v1/secrets/{secret_id}', '/v1/secrets/abc/acl', false],
  ['/v1/{a}/{b}/acl', '/v1/secrets/abc/acl', true],
  ['/v1/**', '/v1/secrets/abc/payload', true],
  ['/v1/**', '/v1/', true],
  ['/v1/**', '/v2/secrets', false],
  ['**', '/anything/at/all', true],
  ['**', '', true],
  ['/**/payload', '/v1/secrets/abc/payload', true],
  ['/**/payload', '/v1/secrets/abc/payload2', false],
  ['/v1/secrets/a*c', '/v1/secrets/abbbc', true],
  ['/v1/secrets/a*c', '/v1/secrets/ac', false],
  ['/v1/secret.', '/v1/secrets', false],
  ['/v1/secrets.json', '/v1/secretsXjson', false],
  ['/v1/[a-z]+', '/v1/secrets', false],
  ['(/v1', '(/v1', true],
  ['', '/v1', false],
  ['', '', true],
]

test('patterns mean what Keystone says they mean', () => {
  for (const [pattern, path, matches] of CASES) {
    assert.equal(matchesPattern(path, pattern), matches, `${pattern} on ${path}`)
  }
})

test('a hostile pattern on a hostile path is answered in no time to speak of', () => {
  const started = performance.now()
  matchesPattern(`/${'a'.repeat(2000)}!`, '**a'.repeat(600))
  matchesPattern(`/${'a'.repeat(2000)}!`, '/{x}*'.repeat(300))
  assert.ok(performance.now() - started < 30_000)
})

test('a path or pattern longer than any of ours never matches', () => {
  assert.equal(matchesPattern(`/${'a'.repeat(3000)}`, '**'), false)
})

/** Pieces that can stand side by side without reading as something else. */
const PIECES = [
  { pattern: '*/', regex: '[^/]+/' },
  { pattern: '**/', regex: '.*/' },
  { pattern: '{id}', regex: '[^/]+' },
  { pattern: '/', regex: '/' },
  { pattern: 'v1', regex: 'v1' },
  { pattern: 'secrets', regex: 'secrets' },
  { pattern: 'a', regex: 'a' },
] as const

test('agrees with the same pattern written as a regular expression', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }),
      fc.array(fc.constantFrom('/', 'v1', 'secrets', 'a', 'b'), { maxLength: 10 }),
      (pieces, elements) => {
        const path = elements.join('')
        const regex = new RegExp(`^${pieces.map((piece) => piece.regex).join('')}$`)
        const pattern = pieces.map((piece) => piece.pattern).join('')
        assert.equal(matchesPattern(path, pattern), regex.test(path), `${pattern} on ${path}`)
      },
    ),
    { numRuns: 3000 },
  )
})

test('hostile patterns and paths never crash', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      fc.string({ unit: anyCharacter }),
      (pattern, path) => {
        assert.equal(typeof matchesPattern(path, pattern), 'boolean')
        assert.equal(matchesPattern(path, '**'), path.length <= 2048)
      },
    ),
  )
})

test('method and service must both be right', () => {
  const rules = [{ service: 'key-manager', method: 'GET', path: '/**' }]
  const wanted = { service: 'key-manager', method: 'GET', path: '/v1/secrets' }
  assert.equal(isAllowedBy(rules, wanted), true)
  assert.equal(isAllowedBy(rules, { ...wanted, method: 'get' }), false)
  assert.equal(isAllowedBy(rules, { ...wanted, service: 'Key-Manager' }), false)
  assert.equal(isAllowedBy([], wanted), false)
})

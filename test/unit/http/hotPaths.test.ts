import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HotPaths } from '../../../src/http/hotPaths.ts'
import { byPath } from '../../../src/http/pathVerbs.ts'
import { allRoutes } from '../../support/allRoutes.ts'

const hotPaths = new HotPaths(byPath(allRoutes()))
const found = (path: string) => {
  const hot = hotPaths.find(path)
  return hot && [hot.verbs.path, hot.params['secret_id']]
}

test('hot paths are found with their parameter', () => {
  assert.deepEqual(found('/v1/secrets'), ['/v1/secrets', undefined])
  assert.deepEqual(found('/v1/secrets/abc'), ['/v1/secrets/{secret_id}', 'abc'])
  assert.deepEqual(found('/v1/secrets/abc/payload'), ['/v1/secrets/{secret_id}/payload', 'abc'])
})

for (const path of [
  '/v1/secrets/abc/metadata',
  '/v1/secrets/abc/payload/more',
  '/v1/secrets/a%62c',
  '/v1/secretsabc',
  '/v1/orders/abc',
  '/v1/secrets//payload',
  '/V1/secrets',
]) {
  test(`${path} is left to the router`, () => assert.equal(found(path), undefined))
}

test('the first word of a hot path is not taken for its parameter', () => {
  assert.deepEqual(found('/v1/secrets/payload'), ['/v1/secrets/{secret_id}', 'payload'])
})

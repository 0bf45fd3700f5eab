import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedCache } from '../../../src/db/boundedCache.ts'

test('keeps what is used and makes anew what was pushed out', () => {
  const made: string[] = []
  const cache = new BoundedCache<string>(2)
  const get = (key: string) =>
    cache.getOrMake(key, (wanted) => {
      made.push(wanted)
      return wanted.toUpperCase()
    })
  assert.deepEqual(['a', 'b', 'a', 'c', 'a', 'b'].map(get), ['A', 'B', 'A', 'C', 'A', 'B'])
  assert.deepEqual(made, ['a', 'b', 'c', 'b'])
})

test('what cannot be made is not kept', () => {
  const cache = new BoundedCache<string>(2)
  const fail = () => {
    throw new Error('no such table')
  }
  assert.throws(() => cache.getOrMake('a', fail))
  assert.equal(
    cache.getOrMake('a', () => 'made'),
    'made',
  )
})

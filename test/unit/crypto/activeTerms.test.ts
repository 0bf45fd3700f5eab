import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ActiveTerms } from '../../../src/crypto/activeTerms.ts'
import { cryptoRoom, ManualClock } from './cryptoRoom.ts'
import { PROJECT } from './records.ts'

/** The rows of a project's first two terms. */
async function twoTerms() {
  const room = cryptoRoom({ maxTermAgeSeconds: 10 })
  await room.keyring.active(PROJECT)
  room.clock.advance(901)
  await room.keyring.active(PROJECT)
  const [first, second] = room.projectKeys.rows
  assert.ok(first && second)
  return { first, second }
}

function freshTerms() {
  const clock = new ManualClock()
  const terms = new ActiveTerms({ clock, ttlSeconds: 900, maxEntries: 10, maxTermAgeSeconds: 10 })
  return { clock, terms }
}

describe('what is known of active terms', () => {
  test('a read that began before the next term was made does not bring the last one back', async () => {
    const { first, second } = await twoTerms()
    const { terms } = freshTerms()
    terms.remember(second)
    assert.equal(terms.remember(first).term, 1, 'the late reader gets what matches its key')
    assert.equal(terms.fresh(PROJECT)?.term, 2)
  })

  test('wraps left outlive the look at the row, and end with the term', async () => {
    const { first, second } = await twoTerms()
    const { clock, terms } = freshTerms()
    terms.remember(first).wrapsLeft = 7
    clock.advance(900)
    assert.equal(terms.fresh(PROJECT), undefined)
    assert.equal(terms.remember(first).wrapsLeft, 7)
    assert.equal(terms.remember(second).wrapsLeft, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reportSchema, unfitness } from '../../../src/cli/dbVerbs.ts'
import type { SchemaStatus } from '../../../src/db/knownSchema.ts'

// By hand: there is one migration so far, so no real database can lack only a part.
const status = (facts: Partial<SchemaStatus>): SchemaStatus => ({
  current: '0002-b',
  latest: '0002-b',
  pending: [],
  newer: false,
  ...facts,
})

describe('the schema of a database', () => {
  it('is no obstacle when it is this release’s, or not there yet', () => {
    assert.equal(unfitness(status({})), undefined)
    assert.equal(
      unfitness(status({ current: undefined, pending: ['0001-a', '0002-b'] })),
      undefined,
    )
  })

  it('that lacks a migration wants an upgrade, and a backup before', () => {
    const behind = status({ current: '0001-a', pending: ['0002-b'] })
    assert.equal(unfitness(behind)?.reason, 'pendingSchema')
    const { text, reason } = reportSchema('sqlite:////x', behind)
    assert.equal(reason, 'pendingSchema')
    assert.match(text, /\npending {3}0002-b\nverdict {3}.*backup.*`gatehouse db upgrade`/)
  })

  it('of a newer release is never upgraded, even where one of ours is pending as well', () => {
    const newer = status({ current: '0003-c', pending: ['0002-b'], newer: true })
    assert.equal(unfitness(newer)?.reason, 'newerSchema')
    assert.equal(reportSchema('x', newer).reason, 'newerSchema')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DomainWitness } from '../../../src/identity/domainWitness.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { HeaderAuthenticator } from '../../support/headerAuthenticator.ts'

const PROJECT = 'p' as ProjectId

function comesWith(headers: Readonly<Record<string, string>>) {
  return {
    method: 'GET',
    path: '/secrets',
    header: (name: string) => headers[name],
    headerNames: () => Object.keys(headers),
  }
}

describe('who remembers the domain of a project', () => {
  it('knows it from the first token that names it, and of no other project', async () => {
    const witness = new DomainWitness(new HeaderAuthenticator())
    assert.equal(witness.domainOf(PROJECT), undefined)
    const caller = await witness.authenticate(
      comesWith({ 'x-project-id': 'p', 'x-project-domain-id': 'acme' }),
    )
    assert.equal(caller.projectId, PROJECT)
    assert.equal(witness.domainOf(PROJECT), 'acme')
    assert.equal(witness.domainOf('q' as ProjectId), undefined)
    await witness.authenticate(comesWith({ 'x-project-id': 'p' }))
    assert.equal(witness.domainOf(PROJECT), 'acme', 'a token that names none says nothing')
  })

  it('learns nothing from who is refused', async () => {
    const witness = new DomainWitness(new HeaderAuthenticator())
    await assert.rejects(witness.authenticate(comesWith({ 'x-project-domain-id': 'acme' })))
    assert.equal(witness.domainOf(PROJECT), undefined)
    assert.equal(witness.isAtHand(comesWith({})), false)
    assert.equal(witness.isAtHand(comesWith({ 'x-project-id': 'p' })), true)
  })
})

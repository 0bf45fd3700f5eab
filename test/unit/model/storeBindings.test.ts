import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProjectId } from '../../../src/lib/ids.ts'
import type { DeclaredStore, StoreBinding } from '../../../src/model/secretStore.ts'
import { StoreBindings } from '../../../src/model/storeBindings.ts'

const store = (suffix: string, boundTo?: StoreBinding): DeclaredStore => ({
  suffix,
  name: suffix,
  secretStorePlugin: 'store_crypto',
  cryptoPlugin: null,
  kekStore: `kek:${suffix}`,
  ...(boundTo === undefined ? {} : { boundTo }),
})
const bindings = new StoreBindings({
  stores: [
    store('anybodys'),
    store('also-anybodys'),
    store('named', { projects: ['named', 'of-acme-too'], domains: [] }),
    store('acme', { projects: [], domains: ['acme'] }),
  ],
})
const homeOf = (project: string, domain?: string) => {
  const home = bindings.homeOf(project as ProjectId, domain)
  return typeof home === 'object' ? home.suffix : home
}
const mayMove = (project: string, from: readonly string[], to: string) =>
  bindings.whyNotMoved(
    project as ProjectId,
    from.map((suffix) => `kek:${suffix}`),
    `kek:${to}`,
  ) === undefined

describe('whom secret stores belong to', () => {
  it('goes by the name of a project first, then by its domain, and by nothing else', () => {
    assert.equal(homeOf('named'), 'named')
    assert.equal(homeOf('of-acme-too', 'acme'), 'named')
    assert.equal(homeOf('x', 'acme'), 'acme')
    assert.equal(homeOf('x', 'elsewhere'), undefined)
    assert.equal(homeOf('x'), 'unknown')
    assert.equal(
      new StoreBindings({ stores: [store('s')] }).homeOf('x' as ProjectId, null),
      undefined,
    )
  })

  for (const [who, project, domain, hasKeys, allowed] of [
    ['a named project', 'named', undefined, true, ['named']],
    ['one of a domain', 'x', 'acme', true, ['acme']],
    ['one of another domain', 'x', 'elsewhere', true, ['anybodys', 'also-anybodys']],
    ['one of an unknown domain', 'x', undefined, false, ['anybodys', 'also-anybodys']],
    [
      'one of an unknown domain, that has keys wherever it is asked about',
      'x',
      undefined,
      true,
      ['anybodys', 'also-anybodys', 'acme'],
    ],
  ] as const) {
    it(`lets ${who} have further keys in ${allowed.join(', ')} alone`, () => {
      const found = ['anybodys', 'also-anybodys', 'named', 'acme'].filter(
        (suffix) =>
          bindings.whyNoKey(project as ProjectId, domain, `kek:${suffix}`, hasKeys) === undefined,
      )
      assert.deepEqual(found, allowed)
    })
  }

  it('is asked before a move: in by name or by a key that is there, out of a domain nowhere', () => {
    assert.ok(mayMove('named', ['anybodys'], 'named'))
    assert.ok(!mayMove('named', ['named'], 'anybodys'))
    assert.ok(mayMove('of-acme-too', ['acme'], 'named'))
    assert.ok(!mayMove('x', ['anybodys'], 'named'))
    // Its own once, before it was bound to others.
    assert.ok(mayMove('x', ['named'], 'anybodys'))
    assert.ok(!mayMove('x', ['anybodys'], 'acme'))
    assert.ok(mayMove('x', ['anybodys', 'acme'], 'acme'))
    assert.ok(!mayMove('x', ['anybodys', 'acme'], 'also-anybodys'))
    assert.ok(mayMove('x', ['anybodys'], 'also-anybodys'))
  })
})

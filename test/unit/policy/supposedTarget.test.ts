import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TargetKind, vocabularyFor } from '../../../src/policy/facts.ts'
import {
  supposableFacts,
  supposeTarget,
  supposeTargets,
} from '../../../src/policy/supposedTarget.ts'
import { contextOf } from './policySamples.ts'

const KINDS: readonly TargetKind[] = [
  'project',
  'secret',
  'secretAcl',
  'container',
  'containerAcl',
  'order',
]
const { caller } = contextOf({ userId: 'ada', projectId: 'demo' })
const options = { enforceNewDefaults: false, adminRole: 'admin' }

/** What rules see of a supposed target. */
function factsOf(kind: TargetKind, pairs: readonly string[], who = caller) {
  const { record } = supposeTarget(kind, pairs, who)
  return Object.fromEntries(
    supposableFacts(kind).map((name) => [
      name.replace(/^target\.\w+\./, ''),
      vocabularyFor(kind, options).target.get(name)?.(who, record),
    ]),
  )
}

test('every fact that a rule can ask can be supposed, and no other', () => {
  for (const kind of KINDS) {
    const known = [...vocabularyFor(kind, options).target.keys()]
    const elsewhere = ['enforce_new_defaults', 'project_id']
    assert.deepEqual(
      [...supposableFacts(kind)].toSorted(),
      known.filter((name) => !elsewhere.includes(name)).toSorted(),
      kind,
    )
  }
})

test('what is supposed is what rules see', () => {
  assert.deepEqual(
    factsOf('secret', [
      'target.secret.project_id=p',
      'creator_id=ada',
      'read=read',
      'read_project_access=False',
    ]),
    { project_id: 'p', creator_id: 'ada', read: 'read', read_project_access: false },
  )
  assert.deepEqual(factsOf('container', ['creator_id=', 'read=None', 'read_project_access=true']), {
    project_id: 'demo',
    creator_id: null,
    read: undefined,
    read_project_access: true,
  })
  assert.deepEqual(factsOf('order', ['project_id=p']), {
    project_id: 'p',
    creator_id: 'somebody-else',
  })
  assert.equal(factsOf('secret', ['read=read'])['read_project_access'], true)
})

test('what is not said is assumed: the own project, another creator, no ACL', () => {
  assert.deepEqual(factsOf('secret', []), {
    project_id: 'demo',
    creator_id: 'somebody-else',
    read: undefined,
    read_project_access: true,
  })
  const { words } = supposeTarget('secret', [], caller)
  assert.equal(words.match(/\(assumed\)/g)?.length, 3)
})

test('rules of every kind take the facts they know', () => {
  const targets = supposeTargets(['target.secret.creator_id=ada', 'project_id=p'], caller)
  assert.deepEqual([...targets.keys()], KINDS)
  assert.equal(targets.get('secret')?.record?.creatorId, 'ada')
  assert.equal(targets.get('secretAcl')?.record?.creatorId, 'ada')
  assert.equal(targets.get('container')?.record?.creatorId, 'somebody-else')
  assert.equal(targets.get('order')?.record?.projectId, 'p')
  assert.equal(targets.get('project')?.record, undefined)
})

const refused: readonly (readonly [string, TargetKind, readonly string[], RegExp])[] = [
  [
    'a fact nobody knows',
    'secret',
    ['owner=ada'],
    /no fact owner here.*target\.secret\.creator_id/,
  ],
  ['a fact of another kind', 'secret', ['target.order.creator_id=a'], /there are target\.secret\./],
  ['privacy of an ACL', 'secretAcl', ['read_project_access=False'], /no fact read_project_access/],
  ['a fact of a collection', 'project', ['project_id=p'], /the caller's own project \(--project\)/],
  ['the mode', 'secret', ['enforce_new_defaults=True'], /comes from the settings/],
  ['a fact said twice', 'secret', ['creator_id=a', 'target.secret.creator_id=b'], /twice/],
  ['a name without a value', 'secret', ['creator_id'], /name=value/],
  ['an access that is neither', 'secret', ['read_project_access=no'], /True or False/],
  ['a list for read', 'secret', ['read=ada'], /"read" for a user in the ACL/],
]
for (const [what, kind, pairs, teaching] of refused) {
  test(`refuses ${what}, and teaches`, () => {
    assert.throws(() => supposeTarget(kind, pairs, caller), {
      kind: 'badRequest',
      message: teaching,
    })
  })
}

test('refuses a place in the ACL for a caller without user id', () => {
  const nobody = contextOf({ userId: null }).caller
  assert.throws(() => supposeTarget('secret', ['read=read'], nobody), { message: /give --user/ })
})

test('refuses a fact that no kind of target has, when all rules are asked', () => {
  assert.throws(() => supposeTargets(['owner=ada'], caller), {
    kind: 'badRequest',
    message: /target\.secret\.project_id.*target\.order\.creator_id/,
  })
})

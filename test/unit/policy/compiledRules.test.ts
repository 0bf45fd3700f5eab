import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { type Decision, Policy } from '../../../src/policy/policy.ts'
import { RuleError } from '../../../src/policy/ruleError.ts'
import {
  type CallerSample,
  contextOf,
  orderOf,
  type SecretSample,
  secretOf,
} from './policySamples.ts'

function compiled(overrides: Readonly<Record<string, unknown>>, enforceNewDefaults = false) {
  return compileRules({ enforceNewDefaults, overrides: new Map(Object.entries(overrides)) })
}

function allows(
  check: unknown,
  caller: CallerSample = {},
  secret: SecretSample = {},
  more: Readonly<Record<string, unknown>> = {},
): boolean {
  const policy = new Policy({ rules: compiled({ ...more, 'secret:get': check }) })
  try {
    policy.authorize(contextOf(caller), 'secret:get', secretOf(secret))
    return true
  } catch {
    return false
  }
}

test('an override replaces the default in both modes', () => {
  for (const mode of [false, true]) {
    const policy = new Policy({ rules: compiled({ 'secrets:post': 'role:vault' }, mode) })
    policy.authorizeProject(contextOf({ roles: ['vault'] }), 'secrets:post')
    assert.throws(
      () => policy.authorizeProject(contextOf({ roles: ['creator', 'member'] }), 'secrets:post'),
      { kind: 'forbidden' },
    )
    policy.authorizeProject(contextOf({ roles: ['creator', 'member'] }), 'secrets:get')
  }
})

test('an overridden shared rule counts wherever it is referred to', () => {
  const policy = new Policy({ rules: compiled({ creator: 'role:keyholder' }) })
  policy.authorizeProject(contextOf({ roles: ['keyholder'] }), 'orders:post')
  assert.throws(() => policy.authorizeProject(contextOf({ roles: ['creator'] }), 'orders:post'), {
    kind: 'forbidden',
  })
})

test('roles in rules compare without regard to case', () => {
  assert.equal(allows('role:CREATOR', { roles: ['creator'] }), true)
  assert.equal(allows('roles:CREATOR', { roles: ['creator'] }), true)
  assert.equal(allows('role:creators', { roles: ['creator'] }), false)
})

test('an unknown rule is the default rule, and refuses where there is none', () => {
  assert.equal(allows('rule:nothing'), false)
  assert.equal(allows('not rule:nothing'), true, 'as oslo.policy has it')
  assert.equal(allows('rule:nothing', {}, {}, { default: '@' }), true)
  assert.equal(allows('rule:nothing', {}, {}, { default: '!' }), false)
})

test('rules that refer to each other in a circle are refused and the circle is shown', () => {
  for (const [overrides, shown] of [
    [{ 'secret:get': 'rule:secret:get' }, 'secret:get -> secret:get'],
    [{ 'secret:get': 'rule:a', a: 'role:x or not rule:b', b: 'rule:a' }, 'a -> b -> a'],
    [{ x: 'rule:y', y: 'rule:x' }, 'x -> y -> x'],
    [{ default: 'rule:nothing' }, 'default -> default'],
    [{ admin: 'rule:all_users' }, 'admin'],
  ] as const) {
    assert.throws(
      () => compiled(overrides),
      (error: unknown) => {
        assert.ok(error instanceof RuleError && error.message.includes(shown), String(error))
        return true
      },
    )
  }
})

test('two ways to the same rule are no circle', () => {
  assert.equal(
    allows('rule:a and rule:b', { roles: ['x'] }, {}, { a: 'rule:c', b: 'rule:c', c: 'role:x' }),
    true,
  )
})

test('facts of caller and secret can be asked for', () => {
  const ada = { userId: 'ada', projectId: 'demo', roles: ['x'] }
  const hers = { creatorId: 'ada', projectId: 'demo' }
  assert.equal(allows('user_id:%(target.secret.creator_id)s', ada, hers), true)
  assert.equal(
    allows('user_id:%(target.secret.creator_id)s', ada, { ...hers, creatorId: 'bob' }),
    false,
  )
  assert.equal(allows('project_id:%(project_id)s', ada, hers), true)
  assert.equal(allows('user_id:ada', ada, hers), true)
  assert.equal(allows('user_id:AD%(project_id)s', { ...ada, userId: 'ADdemo' }, hers), true)
  assert.equal(
    allows('role:%(target.secret.project_id)s', { ...ada, roles: ['demo'] }, { projectId: 'Demo' }),
    true,
  )
  assert.equal(allows('is_admin:True', { ...ada, roles: ['admin'] }, hers), true)
  assert.equal(allows('is_admin:True', ada, hers), false)
  assert.equal(allows("'x%':x%%", ada, hers), true)
  assert.equal(allows('system_scope:all', ada, hers), false)
})

test('a caller without user id owns secrets without creator, and a user called None does not', () => {
  const owner = 'user_id:%(target.secret.creator_id)s'
  assert.equal(allows(owner, { userId: null }, { creatorId: null }), true)
  assert.equal(allows(owner, { userId: null }, { creatorId: 'None' }), false)
  assert.equal(allows(owner, { userId: 'None' }, { creatorId: null }), false)
  assert.equal(allows('user_id:None', { userId: null }), true)
})

test('a caller without user id stands in no ACL', () => {
  const acl = "'read':%(target.secret.read)s"
  assert.equal(allows(acl, { userId: null }, { aclUsers: ['null', 'None', ''] }), false)
  assert.equal(allows(acl, { userId: 'None' }, { aclUsers: ['None'] }), true)
})

test('facts that are not there fail the check, also when negated facts of them would open', () => {
  assert.equal(allows('user_id:%(user_id)s'), false)
  assert.equal(allows('role:%(nothing)s', { roles: ['none', '', 'undefined'] }), false)
  assert.equal(allows('token_type:jwt'), false)
  assert.equal(allows("'None':%(target.secret.read)s"), false)
  assert.equal(allows('project_id:%(target.order.project_id)s'), false, 'a secret is no order')
})

test('rules copied from the sample of Barbican know which mode counts', () => {
  const rule = { 'secrets:post': 'True:%(enforce_new_defaults)s and role:member' }
  const ctx = contextOf({ roles: ['member'] })
  new Policy({ rules: compiled(rule, true) }).authorizeProject(ctx, 'secrets:post')
  assert.throws(
    () => new Policy({ rules: compiled(rule, false) }).authorizeProject(ctx, 'secrets:post'),
    { kind: 'forbidden' },
  )
})

test('names of attributes and rules that do not exist are warned about, and so are rules nobody asks for', () => {
  const { warnings } = compiled({
    'secret:get': 'service_roles:service or rule:mine or rule:lost',
    mine: 'role:x',
    'certificate_authorities:get': 'role:reader',
    'secret_project:get': '@',
  })
  const text = warnings.join('\n')
  assert.match(text, /rule "secret:get".*"service_roles"/)
  assert.match(text, /rule "secret:get".*no rule "lost"/)
  assert.match(text, /nothing here asks for: certificate_authorities:get, secret_project:get$/m)
  assert.ok(!text.includes('mine'))
  assert.deepEqual(compileRules({ enforceNewDefaults: true }).warnings, [])
})

test('a part of an attribute that has no parts is refused, because `not` of it would let everybody in', () => {
  assert.throws(() => compiled({ 'secret:get': 'not user_id.name:x' }), RuleError)
})

test('a rule that cannot be enforced is named', () => {
  assert.throws(
    () => compiled({ fine: '@', 'secret:put': 'role:a and' }),
    /rule "secret:put": a check is missing/,
  )
})

test('every decision is told, with what was asked about', () => {
  const decisions: Decision[] = []
  const policy = new Policy({
    rules: compiled({}),
    onDecision: (decision) => decisions.push(decision),
  })
  const ctx = contextOf({ roles: ['creator'] })
  policy.authorizeProject(ctx, 'orders:post')
  policy.authorize(ctx, 'secret:get', secretOf({}))
  assert.throws(() => policy.authorize(ctx, 'order:get', orderOf('project-2')), {
    kind: 'forbidden',
  })
  assert.deepEqual(
    decisions.map(({ ctx: _ctx, ...decision }) => decision),
    [
      {
        rule: 'orders:post',
        kind: 'project',
        id: 'project-1',
        projectId: 'project-1',
        allowed: true,
      },
      {
        rule: 'secret:get',
        kind: 'secret',
        id: secretOf({}).id,
        projectId: 'project-1',
        allowed: true,
      },
      {
        rule: 'order:get',
        kind: 'order',
        id: orderOf().id,
        projectId: 'project-2',
        allowed: false,
      },
    ],
  )
  assert.equal(decisions[0]?.ctx, ctx)
})

test('a grant carries the rule and the very record that was judged', () => {
  const secret = secretOf({})
  const grant = new Policy({ rules: compiled({}) }).authorize(
    contextOf({ roles: ['creator'] }),
    'secret:decrypt',
    secret,
  )
  assert.equal(grant.rule, 'secret:decrypt')
  assert.equal(grant.record, secret)
})

test('a refusal names the rule, what it needs and the own roles, and nothing of the record', () => {
  const policy = new Policy({ rules: compiled({}) })
  const secret = secretOf({
    creatorId: 'victim-user',
    projectId: 'victim-project',
    isPrivate: true,
    aclUsers: ['friend'],
  })
  assert.throws(
    () => policy.authorize(contextOf({ roles: ['observer', 'reader'] }), 'secret:decrypt', secret),
    (error: unknown) => {
      assert.ok(error instanceof Error)
      assert.match(
        error.message,
        /^secret:decrypt refused: it needs .*role creator and a token for its project and being its creator.*; your roles: observer, reader\.$/,
      )
      for (const fact of ['victim', 'friend', secret.id])
        assert.ok(!error.message.includes(fact), fact)
      return true
    },
  )
})

test('a refusal is the same for every secret, so it tells nothing about one', () => {
  const policy = new Policy({ rules: compiled({}) })
  const messages = [
    {},
    { isPrivate: true },
    { projectId: 'other' },
    { creatorId: null },
    { aclUsers: ['x'] },
  ].map((sample) => {
    try {
      policy.authorize(contextOf({ roles: ['nothing'] }), 'secret:decrypt', secretOf(sample))
      return 'allowed'
    } catch (error) {
      return String(error)
    }
  })
  assert.equal(new Set(messages).size, 1)
})

test('a refusal stays short, however many roles and however entangled the rules', () => {
  const overrides: Record<string, string> = { 'secret:get': 'rule:r0', r40: 'role:x' }
  for (let i = 0; i < 40; i++)
    overrides[`r${i}`] = `rule:r${i + 1} and (not rule:r${i + 1} or rule:r${i + 1})`
  const policy = new Policy({ rules: compiled(overrides) })
  const roles = Array.from({ length: 1000 }, (_, i) => `role-${i}`)
  assert.throws(
    () => policy.authorize(contextOf({ roles }), 'secret:get', secretOf({})),
    (error: unknown) => {
      assert.ok(error instanceof Error && error.message.length < 4000)
      assert.match(error.message, /and 980 more/)
      return true
    },
  )
})

test('replaced rules count from the next decision on', () => {
  const policy = new Policy({ rules: compiled({}) })
  const ctx = contextOf({ roles: ['creator'] })
  policy.authorizeProject(ctx, 'secrets:post')
  policy.replaceRules(compiled({ 'secrets:post': '!' }))
  assert.throws(() => policy.authorizeProject(ctx, 'secrets:post'), { kind: 'forbidden' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../../src/lib/fault.ts'
import { type CompiledRules, compileRules } from '../../../src/policy/compiledRules.ts'
import type { RuleName } from '../../../src/policy/defaultRules.ts'
import { explain, explanationLines, type Step } from '../../../src/policy/explain.ts'
import { Policy } from '../../../src/policy/policy.ts'
import {
  type CallerSample,
  containerOf,
  contextOf,
  type SecretSample,
  secretOf,
} from './policySamples.ts'

function compiled(overrides: Readonly<Record<string, unknown>>, enforceNewDefaults = false) {
  return compileRules({ enforceNewDefaults, overrides: new Map(Object.entries(overrides)) })
}

function explained(
  rules: CompiledRules,
  rule: 'secret:get' | 'container:get',
  caller: CallerSample,
  sample: SecretSample,
): Step {
  const found = rules.enforced.get(rule)
  assert.ok(found)
  const record = rule === 'secret:get' ? secretOf(sample) : containerOf(sample)
  return explain(rules, found, contextOf(caller).caller, record)
}

function isAuthorized(rules: CompiledRules, ...[rule, caller, sample]: Question): boolean {
  const policy = new Policy({ rules })
  const ctx = contextOf(caller)
  try {
    if (rule === 'secret:get') policy.authorize(ctx, rule, secretOf(sample))
    else policy.authorize(ctx, rule, containerOf(sample))
    return true
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'forbidden', String(error))
    return false
  }
}
type Question = [rule: 'secret:get' | 'container:get', caller: CallerSample, sample: SecretSample]

const roles = ['admin', 'creator', 'observer', 'member', 'x'] as const
const leaf = fc.constantFrom(
  ...roles.map((role) => `role:${role}`),
  '@',
  '!',
  'role:%(target.secret.creator_id)s',
  'user_id:%(target.secret.creator_id)s',
  'user_id:%(target.container.creator_id)s',
  'project_id:%(project_id)s',
  'project_id:p%(project_id)s',
  "'read':%(target.secret.read)s",
  'False:%(target.container.read_project_access)s',
  'True:%(enforce_new_defaults)s',
  "'7':7",
  'is_admin:True',
  'roles:creator',
  'domain_id:None',
  'nobody_has:this',
  'rule:missing',
  'rule:secret_non_private_read',
  'rule:container_project_creator',
  'rule:all_users',
)
/** A rule that may refer to those after it, so that none refers to itself. */
function ruleText(after: readonly string[]): fc.Arbitrary<string> {
  const reference = after.length === 0 ? leaf : fc.constantFrom(...after.map((it) => `rule:${it}`))
  const { text } = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      reference,
      tie('text').map((it) => `not ${it}`),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} and ${b})`),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} or ${b})`),
    ),
  }))
  return text
}
const overrides = fc.record(
  {
    'secret:get': ruleText(['a', 'b', 'default', 'secret:decrypt']),
    'container:get': ruleText(['a', 'b', 'default']),
    a: ruleText(['b']),
    b: ruleText([]),
    all_users: fc.constantFrom('role:x', '@', '!', 'rule:admin'),
    default: fc.constantFrom('@', '!', 'role:creator'),
  },
  { requiredKeys: ['secret:get', 'container:get', 'a', 'b'] },
)
const caller = fc.record({
  userId: fc.constantFrom('user-1', 'user-2', null),
  projectId: fc.constantFrom('project-1', 'project-2'),
  roles: fc.subarray([...roles]),
})
const sample = fc.record(
  {
    creatorId: fc.constantFrom('user-1', 'x', null),
    projectId: fc.constantFrom('project-1', 'project-2'),
    isPrivate: fc.boolean(),
    aclUsers: fc.subarray(['user-1', 'user-2']),
  },
  { requiredKeys: ['creatorId', 'projectId', 'isPrivate'] },
)
const rule = fc.constantFrom('secret:get' as const, 'container:get' as const)

function assertAddsUp(step: Step, path: string): void {
  const at = `${path} > ${step.check.kind}`
  const [first, ...more] = step.steps
  const verdicts = step.steps.map(({ isAllowed }) => isAllowed)
  if (first !== undefined) {
    const sum = {
      and: verdicts.every(Boolean),
      or: verdicts.some(Boolean),
      not: !first.isAllowed,
      rule: first.isAllowed,
    }[step.check.kind as string]
    assert.equal(step.isAllowed, sum, at)
    if (step.check.kind === 'rule' || step.check.kind === 'not') assert.equal(more.length, 0, at)
  } else assert.notEqual(step.because, '', at)
  for (const each of step.steps) assertAddsUp(each, at)
}

test('an explanation comes to the verdict that authorize gives, whatever the rules', () => {
  const seen = { true: 0, false: 0 }
  fc.assert(
    fc.property(overrides, fc.boolean(), rule, caller, sample, (texts, mode, ...question) => {
      const rules = compiled(texts, mode)
      const step = explained(rules, ...question)
      assert.equal(step.isAllowed, isAuthorized(rules, ...question))
      assertAddsUp(step, question[0])
      seen[`${step.isAllowed}`]++
    }),
    { numRuns: 1000 },
  )
  // A generator that has gone stale would agree about nothing in particular.
  assert.ok(seen.true > 100 && seen.false > 100, JSON.stringify(seen))
})

test('every step of a default rule is written, with the facts it looked at', () => {
  const lines = explanationLines(
    explained(compiled({}), 'secret:get', { roles: ['observer'] }, { isPrivate: true }),
    () => undefined,
  )
  assert.deepEqual(lines, [
    'no  rule:secret:get = any of',
    'no    rule:secret_non_private_read = all of',
    'yes     rule:all_users = any of',
    'no        rule:admin = role:admin   [roles: observer]',
    'yes       rule:observer = role:observer   [roles: observer]',
    'no        rule:creator = role:creator   [roles: observer]',
    'no        rule:audit = role:audit   [roles: observer]',
    'no        rule:service_admin = role:key-manager:service-admin   [roles: observer]',
    'yes     rule:secret_project_match = project_id:%(target.secret.project_id)s   [project_id is project-1; target.secret.project_id is project-1]',
    'no      not',
    "yes       rule:secret_private_read = 'False':%(target.secret.read_project_access)s   [target.secret.read_project_access is False]",
    'no    rule:secret_project_creator = all of',
    'no      rule:creator = role:creator   [roles: observer]',
    'yes     rule:secret_project_match = project_id:%(target.secret.project_id)s   [project_id is project-1; target.secret.project_id is project-1]',
    'yes     rule:secret_creator_user = user_id:%(target.secret.creator_id)s   [user_id is user-1; target.secret.creator_id is user-1]',
    'no    rule:secret_project_admin = all of',
    'no      role:admin   [roles: observer]',
    'yes     rule:secret_project_match = project_id:%(target.secret.project_id)s   [project_id is project-1; target.secret.project_id is project-1]',
    "no    rule:secret_acl_read = 'read':%(target.secret.read)s   [target.secret.read is not there]",
  ])
})

test('what can never hold says why', () => {
  const because = (text: string, more: Readonly<Record<string, string>> = {}): string => {
    const rules = compiled({ 'secret:get': text, ...more })
    return explanationLines(explained(rules, 'secret:get', {}, {}), () => undefined).join('\n')
  }
  assert.match(because('rule:lost'), /there is no such rule, and no default rule/)
  assert.match(because('rule:lost', { default: 'role:x' }), /no such rule: default counts/)
  assert.match(because('nobody_has:x'), /callers have no attribute nobody_has/)
  assert.match(
    because('user_id:%(target.order.creator_id)s'),
    /target\.order\.creator_id is no fact here/,
  )
  assert.match(because('!'), /allows nobody/)
  assert.match(because("'a':b"), /two texts/)
})

test('an overridden rule says where it came from', () => {
  const rules = compiled({ creator: 'role:x' })
  const lines = explanationLines(explained(rules, 'secret:get', {}, {}), (name: string) =>
    name === 'creator' ? '/etc/policy.yaml' : undefined,
  )
  const written = lines.filter((line) => line.includes('/etc/policy.yaml'))
  assert.ok(written.length > 0)
  for (const line of written) assert.match(line, /rule:creator = role:x {3}\[from /)
})

test('an explanation stays short, however entangled the rules', () => {
  const entangled: Record<string, string> = { 'secret:get': 'rule:r0', r40: 'role:x' }
  for (let i = 0; i < 40; i++)
    entangled[`r${i}`] = `rule:r${i + 1} and (not rule:r${i + 1} or rule:r${i + 1})`
  const rules = compiled(entangled)
  const lines = explanationLines(explained(rules, 'secret:get', {}, {}), () => undefined)
  assert.ok(lines.length < 300, `${lines.length} lines`)
  assert.match(lines.join('\n'), /as above/)
})

test('a rule about a collection is asked about the project of the caller', () => {
  const rules = compiled({ 'secrets:post': 'project_id:%(project_id)s and role:x' })
  const found = rules.enforced.get('secrets:post' satisfies RuleName)
  assert.ok(found)
  const step = explain(rules, found, contextOf({ roles: ['x'] }).caller, undefined)
  assert.equal(step.isAllowed, true)
})

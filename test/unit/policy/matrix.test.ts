import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/lib/fault.ts'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { DEFAULT_RULES, type RuleName } from '../../../src/policy/defaultRules.ts'
import { Policy } from '../../../src/policy/policy.ts'
import { contextOf, orderOf, secretOf } from './policySamples.ts'

/*
 * Barbican's own answers, measured over HTTP and with oslo.policy 4.0: rule x state x role, in both modes.
 * Columns: adm mem rdr cre obs aud svc. Keystone's implied roles make an admin a member and a reader too.
 */
const COLUMNS: readonly (readonly string[])[] = [
  ['admin', 'member', 'reader'],
  ['member', 'reader'],
  ['reader'],
  ['creator'],
  ['observer'],
  ['audit'],
  ['key-manager:service-admin'],
]

const NOBODY = '- - - - - - -'
const EVERYBODY = 'Y Y Y Y Y Y Y'

interface State {
  readonly own: boolean
  readonly isPrivate: boolean
  readonly inAcl: boolean
  readonly otherProject: boolean
}
const STATES: Readonly<Record<string, State>> = {
  'own public': { own: true, isPrivate: false, inAcl: false, otherProject: false },
  'own private': { own: true, isPrivate: true, inAcl: false, otherProject: false },
  'foreign public': { own: false, isPrivate: false, inAcl: false, otherProject: false },
  'foreign private': { own: false, isPrivate: true, inAcl: false, otherProject: false },
  'foreign public ACL': { own: false, isPrivate: false, inAcl: true, otherProject: false },
  'foreign private ACL': { own: false, isPrivate: true, inAcl: true, otherProject: false },
  'other project': { own: false, isPrivate: false, inAcl: false, otherProject: true },
  'other project, own': { own: true, isPrivate: false, inAcl: false, otherProject: true },
  'other project, private': { own: false, isPrivate: true, inAcl: false, otherProject: true },
  'other project ACL': { own: false, isPrivate: false, inAcl: true, otherProject: true },
  'other project, private ACL': { own: false, isPrivate: true, inAcl: true, otherProject: true },
}
type StateName = keyof typeof STATES

/** Verdicts by state; a state not named takes the row under "else". */
type Rows = Readonly<Record<string, string>>

const LEGACY_READ: Rows = {
  'own public': 'Y - - Y Y Y Y',
  'foreign public': 'Y - - Y Y Y Y',
  'own private': 'Y - - Y - - -',
  'foreign private': 'Y - - - - - -',
  'foreign public ACL': EVERYBODY,
  'foreign private ACL': EVERYBODY,
  'other project ACL': EVERYBODY,
  'other project, private ACL': EVERYBODY,
  else: NOBODY,
}
const LEGACY_CHANGE: Rows = {
  'own public': 'Y - - Y - - -',
  'own private': 'Y - - Y - - -',
  'foreign public': 'Y - - Y - - -',
  'foreign public ACL': 'Y - - Y - - -',
  'foreign private': 'Y - - - - - -',
  'foreign private ACL': 'Y - - - - - -',
  else: NOBODY,
}
function inProject(row: string): Rows {
  const rows: Record<string, string> = { else: NOBODY }
  for (const [name, state] of Object.entries(STATES)) if (!state.otherProject) rows[name] = row
  return rows
}

const LEGACY: Readonly<Partial<Record<RuleName, Rows>>> = {
  'secrets:post': { else: 'Y - - Y - - -' },
  'secrets:get': { else: 'Y - - Y Y - -' },
  'secret:get': LEGACY_READ,
  'secret:decrypt': {
    ...LEGACY_READ,
    'own public': 'Y - - Y Y - -',
    'foreign public': 'Y - - Y Y - -',
  },
  'secret:put': inProject('Y - - Y - - -'),
  'secret:delete': LEGACY_CHANGE,
  'secret_meta:get': LEGACY_READ,
  'secret_meta:post': LEGACY_CHANGE,
  'secret_meta:put': LEGACY_CHANGE,
  'secret_meta:delete': LEGACY_CHANGE,
  'secret_acls:get': inProject('Y - - Y Y - -'),
  'secret_acls:put_patch': inProject('Y - - Y - - -'),
  'secret_acls:delete': inProject('Y - - Y - - -'),
  'orders:post': { else: 'Y - - Y - - -' },
  'orders:get': { else: 'Y - - Y Y - -' },
  'orders:put': { else: 'Y - - Y - - -' },
  'order:get': inProject('Y - - Y Y Y Y'),
  'order:delete': inProject('Y - - - - - -'),
}

const NEW_CHANGE: Rows = {
  'own public': 'Y Y - - - - -',
  'own private': 'Y Y - - - - -',
  'foreign public': 'Y Y - - - - -',
  'foreign public ACL': 'Y Y - - - - -',
  'foreign private': 'Y - - - - - -',
  'foreign private ACL': 'Y - - - - - -',
  else: NOBODY,
}
const NEW_READ: Rows = {
  ...NEW_CHANGE,
  'foreign public ACL': EVERYBODY,
  'foreign private ACL': EVERYBODY,
  'other project ACL': EVERYBODY,
  'other project, private ACL': EVERYBODY,
}
const NEW_ACL: Rows = {
  'own public': 'Y Y - - - - -',
  'own private': 'Y Y - - - - -',
  'foreign public': 'Y - - - - - -',
  'foreign private': 'Y - - - - - -',
  'foreign public ACL': 'Y - - - - - -',
  'foreign private ACL': 'Y - - - - - -',
  else: NOBODY,
}
const ANY_ADMIN = 'Y - - - - - -'
const MEMBER: Rows = { else: 'Y Y - - - - -' }

const NEW: Readonly<Partial<Record<RuleName, Rows>>> = {
  'secrets:post': MEMBER,
  'secrets:get': MEMBER,
  'secret:get': { ...NEW_READ, else: ANY_ADMIN },
  'secret:decrypt': NEW_READ,
  'secret:put': NEW_CHANGE,
  'secret:delete': { ...NEW_CHANGE, else: ANY_ADMIN },
  'secret_meta:get': NEW_READ,
  'secret_meta:post': NEW_CHANGE,
  'secret_meta:put': NEW_CHANGE,
  'secret_meta:delete': NEW_CHANGE,
  'secret_acls:get': NEW_ACL,
  'secret_acls:put_patch': NEW_ACL,
  'secret_acls:delete': NEW_ACL,
  'orders:post': MEMBER,
  'orders:get': MEMBER,
  'orders:put': MEMBER,
  'order:get': inProject('Y Y - - - - -'),
  'order:delete': inProject('Y Y - - - - -'),
}

function isAllowed(
  policy: Policy,
  rule: RuleName,
  state: State,
  roles: readonly string[],
): boolean {
  const ctx = contextOf({ roles })
  const target = DEFAULT_RULES.find(({ name }) => name === rule)?.target
  try {
    if (target === 'project') policy.authorizeProject(ctx, rule as 'secrets:post')
    else if (target === 'order') {
      const order = orderOf(state.otherProject ? 'project-2' : 'project-1')
      policy.authorize(ctx, rule as 'order:get', order)
    } else {
      const secret = secretOf({
        creatorId: state.own ? 'user-1' : 'user-2',
        projectId: state.otherProject ? 'project-2' : 'project-1',
        isPrivate: state.isPrivate,
        ...(state.inAcl ? { aclUsers: ['user-9', 'user-1'] } : {}),
      })
      policy.authorize(ctx, rule as 'secret:get', secret)
    }
    return true
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'forbidden', String(error))
    return false
  }
}

for (const [mode, table] of [
  ['legacy', LEGACY],
  ['new', NEW],
] as const) {
  const policy = new Policy({ rules: compileRules({ enforceNewDefaults: mode === 'new' }) })
  for (const [name, rows] of Object.entries(table) as [RuleName, Rows][]) {
    test(`${mode} mode: ${name} answers as Barbican for every state and role`, () => {
      for (const stateName of Object.keys(STATES) satisfies StateName[]) {
        const state = STATES[stateName]
        assert.ok(state)
        const verdicts = COLUMNS.map((roles) => (isAllowed(policy, name, state, roles) ? 'Y' : '-'))
        assert.equal(verdicts.join(' '), rows[stateName] ?? rows['else'], stateName)
      }
    })
  }

  test(`${mode} mode: a role of no meaning to the key manager opens nothing without an ACL`, () => {
    for (const [name, rows] of Object.entries(table) as [RuleName, Rows][]) {
      for (const [stateName, state] of Object.entries(STATES)) {
        const byAclOnly = (rows[stateName] ?? rows['else']) === EVERYBODY
        assert.equal(
          isAllowed(policy, name, state, ['swiftoperator']),
          byAclOnly,
          `${name} ${stateName}`,
        )
        assert.equal(isAllowed(policy, name, state, []), byAclOnly, `${name} ${stateName}`)
      }
    }
  })
}

test('new mode: an admin without the implied member role cannot create, list or see orders', () => {
  const policy = new Policy({ rules: compileRules({ enforceNewDefaults: true }) })
  const state = STATES['own public'] as State
  for (const rule of [
    'secrets:post',
    'secrets:get',
    'orders:post',
    'order:get',
    'order:delete',
  ] as const) {
    assert.equal(isAllowed(policy, rule, state, ['admin']), false, rule)
  }
  assert.equal(isAllowed(policy, 'secret:decrypt', state, ['admin']), true)
})

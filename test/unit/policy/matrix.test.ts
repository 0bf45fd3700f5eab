import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../../src/lib/fault.ts'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { DEFAULT_RULES, type RuleName } from '../../../src/policy/defaultRules.ts'
import { Policy } from '../../../src/policy/policy.ts'
import {
  BARE_ADMIN_LACKS,
  COLUMNS,
  EVERYBODY,
  LEGACY,
  type Matrix,
  NEW,
  OTHER_ROLES,
  rowOf,
  STATE_NAMES,
  type StateName,
} from '../../support/policyMatrix.ts'
import { containerOf, contextOf, orderOf, type SecretSample, secretOf } from './policySamples.ts'

type Target = (typeof DEFAULT_RULES)[number]['target']

/** The same state can lie in the database in more ways than one: an ACL of others changes nothing. */
function samplesOf(state: StateName, target: Target): readonly SecretSample[] {
  const sample: SecretSample = {
    creatorId: state.startsWith('own') ? 'user-1' : 'user-2',
    projectId: state.endsWith('other project') ? 'project-2' : 'project-1',
    isPrivate: state.includes('private'),
  }
  if (target === 'project' || target === 'order') return [sample]
  if (state.includes(' ACL')) return [{ ...sample, aclUsers: ['user-9', 'user-1'] }]
  return [sample, { ...sample, aclUsers: ['user-9', 'user-2'] }]
}

/** What differs for a rule: a rule about an order sees its project, one about a collection nothing at all. */
const STATES_OF: Readonly<Record<Target, readonly StateName[]>> = {
  project: ['own public'],
  order: STATE_NAMES.filter((state) => !/private| ACL/.test(state)),
  secret: STATE_NAMES,
  secretAcl: STATE_NAMES,
  container: STATE_NAMES,
  containerAcl: STATE_NAMES,
}

interface Question {
  readonly rule: RuleName
  readonly target: Target
  readonly sample: SecretSample
  readonly roles: readonly string[]
}

function isAllowed(policy: Policy, { rule, target, sample, roles }: Question): boolean {
  const ctx = contextOf({ roles })
  try {
    if (target === 'project') policy.authorizeProject(ctx, rule as 'secrets:post')
    else if (target === 'order') {
      const order = orderOf(sample.projectId, sample.creatorId ?? undefined)
      policy.authorize(ctx, rule as 'order:get', order)
    } else if (target === 'container' || target === 'containerAcl') {
      policy.authorize(ctx, rule as 'container:get', containerOf(sample))
    } else policy.authorize(ctx, rule as 'secret:get', secretOf(sample))
    return true
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'forbidden', String(error))
    return false
  }
}

describe('the policy matrix', () => {
  const asked = { cells: 0, allowed: 0, rules: new Set<string>() }

  function assertRow(policy: Policy, rule: RuleName, target: Target, matrix: Matrix): void {
    for (const state of STATES_OF[target]) {
      const row = rowOf(matrix, rule, state)
      for (const sample of samplesOf(state, target)) {
        const ask = (roles: readonly string[]): boolean => {
          const verdict = isAllowed(policy, { rule, target, sample, roles })
          asked.cells++
          if (verdict) asked.allowed++
          return verdict
        }
        const verdicts = Object.values(COLUMNS).map((roles) => (ask(roles) ? 'Y' : '-'))
        assert.equal(verdicts.join(' '), row, state)
        const bareAdmin = row.startsWith('Y') && !(matrix === NEW && BARE_ADMIN_LACKS.has(rule))
        assert.equal(ask(['admin']), bareAdmin || row === EVERYBODY, `${state}, a bare admin`)
        for (const roles of OTHER_ROLES) assert.equal(ask(roles), row === EVERYBODY, state)
      }
    }
    asked.rules.add(`${rule} ${matrix === NEW}`)
  }

  for (const [mode, matrix] of [
    ['legacy', LEGACY],
    ['new', NEW],
  ] as const) {
    const policy = new Policy({ rules: compileRules({ enforceNewDefaults: mode === 'new' }) })
    for (const { name, target } of DEFAULT_RULES) {
      test(`${mode} mode: ${name} answers as Barbican for every role and state`, () => {
        assertRow(policy, name, target, matrix)
      })
    }
  }

  test('at least 3,000 cells were asked, of all 48 rules in both modes', (t) => {
    t.diagnostic(`${asked.cells} cells, ${asked.allowed} of them allowed`)
    assert.equal(DEFAULT_RULES.length, 48)
    assert.equal(asked.rules.size, 2 * 48)
    assert.ok(asked.cells >= 3000, `${asked.cells} cells`)
    // Tables that let everybody in, or nobody, would prove little.
    assert.ok(asked.allowed > asked.cells / 5 && asked.allowed < asked.cells / 2)
  })
})

test('a letter stands for every column in every row of the tables', () => {
  for (const matrix of [LEGACY, NEW]) {
    for (const [rule, rows] of Object.entries(matrix)) {
      for (const row of Object.values(rows)) assert.match(row, /^[Y-]( [Y-]){6}$/, rule)
    }
  }
})

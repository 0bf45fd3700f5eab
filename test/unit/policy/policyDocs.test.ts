import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { DEFAULT_RULES } from '../../../src/policy/defaultRules.ts'
import { renderPolicyReference, renderSamplePolicy } from '../../../src/policy/policyDocs.ts'
import { rulesInText } from '../../../src/policy/policyText.ts'
import { SHARED_RULES } from '../../../src/policy/sharedRules.ts'

test('the sample changes nothing as it stands', () => {
  assert.deepEqual(rulesInText(renderSamplePolicy()), new Map())
})

test('every line of the sample is a rule that can be switched on', () => {
  const lines = renderSamplePolicy().split('\n')
  const rules = lines.filter((line) => line.startsWith('#"')).map((line) => line.slice(1))
  assert.equal(rules.length, SHARED_RULES.length + 2 * DEFAULT_RULES.length)
  for (const line of rules) {
    const overrides = rulesInText(line)
    assert.equal(overrides.size, 1, line)
    assert.deepEqual(compileRules({ enforceNewDefaults: false, overrides }).warnings, [], line)
  }
})

test('the reference names every rule, its checks and its operations', () => {
  const text = renderPolicyReference()
  for (const rule of DEFAULT_RULES) {
    for (const part of [`### ${rule.name}\n`, rule.legacy, rule.current, rule.description]) {
      assert.ok(text.includes(part), part)
    }
    for (const { method, path } of rule.operations)
      assert.ok(text.includes(`\`${method} ${path}\``))
  }
  for (const { name } of SHARED_RULES) assert.ok(text.includes(`\`${name}\``))
})

test('no name stands twice in the tables', () => {
  const names = [...DEFAULT_RULES, ...SHARED_RULES].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

test('every shared rule is used by a rule, except the reader that Barbican has for operators', () => {
  const used = [
    ...DEFAULT_RULES.flatMap(({ legacy, current }) => [legacy, current]),
    ...SHARED_RULES.map(({ check }) => check),
  ].join(' ')
  const unused = SHARED_RULES.filter(({ name }) => !new RegExp(`rule:${name}\\b`).test(used))
  assert.deepEqual(
    unused.map(({ name }) => name),
    ['secret_project_reader'],
  )
})

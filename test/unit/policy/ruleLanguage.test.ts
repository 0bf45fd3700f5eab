import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Check, joined, printCheck } from '../../../src/policy/check.ts'
import { RuleError } from '../../../src/policy/ruleError.ts'
import { parseRule } from '../../../src/policy/ruleLanguage.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

const printed = (rule: unknown): string => printCheck(parseRule(rule))

test('not binds closest, then and, then or', () => {
  for (const [rule, expected] of [
    ['role:a', 'role:a'],
    ['role:a and role:b or role:c', '((role:a and role:b) or role:c)'],
    ['role:a or role:b and role:c', '(role:a or (role:b and role:c))'],
    ['not role:a and role:b', '(not role:a and role:b)'],
    ['not (role:a and role:b)', 'not (role:a and role:b)'],
    ['role:a or role:b and not role:c or role:d', '(role:a or (role:b and not role:c) or role:d)'],
    ['(role:a or role:b) and role:c', '((role:a or role:b) and role:c)'],
    ['not not role:a', 'not not role:a'],
    ['ROLE:a', 'ROLE:a'],
    ['role:a AND role:b oR role:c', '((role:a and role:b) or role:c)'],
    ['((role:a))', 'role:a'],
    ['  role:a \t\n and role:b ', '(role:a and role:b)'],
    ['', '@'],
    ['@', '@'],
    ['!', '!'],
    ['@ and !', '(@ and !)'],
    ['rule:x:y', 'rule:x:y'],
    ['role:key-manager:service-admin', 'role:key-manager:service-admin'],
    ['project_id:%(target.secret.project_id)s', 'project_id:%(target.secret.project_id)s'],
    ["('read':%(target.secret.read)s)", "'read':%(target.secret.read)s"],
  ] as const) {
    assert.equal(printed(rule), expected, rule)
  }
})

test('lists of lists are or of and', () => {
  for (const [rule, expected] of [
    [[], '@'],
    [['role:a'], 'role:a'],
    [['role:a', 'role:b'], '(role:a or role:b)'],
    [[['role:a', 'role:b'], ['role:c']], '((role:a and role:b) or role:c)'],
    [[[], ['role:a']], 'role:a'],
    [[[]], '!'],
    [[''], '!'],
    [['@'], '@'],
  ] as const) {
    assert.equal(printed(rule), expected, JSON.stringify(rule))
  }
})

test('a rule that makes no sense is refused with the word that makes none', () => {
  for (const [rule, word] of [
    ['role:a and', 'end of rule'],
    ['and role:a', 'and'],
    ['role:a role:b', 'role:b'],
    ['(role:a', ')'],
    ['role:a)', ')'],
    ['()', ')'],
    ['not', 'end of rule'],
    ['admin', 'admin'],
    ["'quoted'", 'quoted'],
    ['   ', 'end of rule'],
    ['role:a or or role:b', 'or'],
    ['user_id:%', '%'],
    ['user_id:%(x)d', '%'],
    ['user_id:%(x', '%'],
    ['user_id:%s', '%'],
    ['role:%(a(b)c)s', '%'],
    ['1.5:%(x)s', '1.5'],
    ['0x10:%(x)s', '0x10'],
    ["b'x':%(x)s", "b'x'"],
    [String.raw`'a\n':%(x)s`, String.raw`'a\n'`],
    ['a..b:c', 'a..b'],
    [':x', ':x'],
    ['[1]:x', '[1]'],
  ] as const) {
    assert.throws(
      () => parseRule(rule),
      (error: unknown) => {
        assert.ok(error instanceof RuleError, String(error))
        assert.ok(error.message.includes(word), `${rule}: ${error.message}`)
        return true
      },
    )
  }
})

test('what is neither text nor list is refused: oslo.policy would let everybody in for an empty value', () => {
  for (const rule of [
    null,
    undefined,
    false,
    true,
    0,
    7,
    {},
    { role: 'a' },
    [7],
    [['role:a', 7]],
    [null],
    [{}],
    [[['role:a']]],
  ]) {
    assert.throws(() => parseRule(rule), RuleError, JSON.stringify(rule))
  }
})

test('http: and https: checks are refused with the reason', () => {
  for (const rule of ['http://policy.example/check', 'https:x', 'role:a or http:%(url)s']) {
    assert.throws(() => parseRule(rule), /another server/)
  }
})

test('deep nesting is refused, wide rules are not', () => {
  assert.throws(() => parseRule('('.repeat(50_000)), RuleError)
  assert.throws(() => parseRule(`${'('.repeat(101)}role:a${')'.repeat(101)}`), /nested/)
  assert.throws(() => parseRule('not '.repeat(10_000)), /nested/)
  assert.throws(() => parseRule('role:a or '.repeat(10_000)), /longer/)
  const wide = Array.from({ length: 2000 }, (_, i) => `role:r${i}`).join(' or ')
  assert.equal(printed(wide), `(${wide})`)
})

const word = fc.stringMatching(/^[A-Za-z_][\w-]{0,8}$/)
const leaf: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '@',
    '!',
    "'read':%(target.secret.read)s",
    'True:%(x)s',
    'None:None',
    '7:%(n)s',
    '"q":%(a)s%%%(b)s',
  ),
  word.map((name) => `role:${name}`),
  word.map((name) => `rule:${name}`),
  fc.tuple(word, word).map(([left, right]) => `caller.${left}:%(target.${right})s`),
)
const tree: fc.Arbitrary<Check> = fc.letrec<{ check: Check }>((tie) => ({
  check: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf.map(parseRule),
    tie('check').map((check): Check => ({ kind: 'not', check })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('check'), { minLength: 2, maxLength: 4 }))
      .map(([kind, checks]) => joined(kind, checks)),
  ),
})).check

test('what is printed reads back as the same rule', () => {
  fc.assert(
    fc.property(tree, (check) => assert.deepEqual(parseRule(printCheck(check)), check)),
    { numRuns: 1000 },
  )
})

test('hostile rule text is parsed or refused, never a crash, and prints to what reads the same', () => {
  const pieces = fc.constantFrom(
    '(',
    ')',
    '((',
    '))',
    'and',
    'or',
    'not',
    'NOT',
    '@',
    '!',
    'role:a',
    "'x':%(y)s",
    '%',
    ':',
    "'",
    '"',
    'a:b',
    ' ',
    '\n',
    '\u2028',
    '\0',
  )
  const text = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.array(pieces, { maxLength: 40 }).map((words) => words.join(' ')),
    fc.array(pieces, { maxLength: 40 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(
      fc.oneof(text, fc.jsonValue(), fc.array(fc.oneof(text, fc.array(text)))),
      (rule) => {
        let check: Check
        try {
          check = parseRule(rule)
        } catch (error) {
          assert.ok(error instanceof RuleError, String(error))
          return
        }
        // Only the list form can hold a check with white space inside, which no text can say.
        if (typeof rule === 'string') assert.deepEqual(parseRule(printCheck(check)), check)
      },
    ),
    { numRuns: 1000 },
  )
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ProjectId } from '../../../src/lib/ids.ts'
import type { Caller } from '../../../src/model/requestContext.ts'
import type { Fact } from '../../../src/policy/facts.ts'
import { RuleCompiler } from '../../../src/policy/ruleCompiler.ts'
import { RuleError } from '../../../src/policy/ruleError.ts'
import { parseRule } from '../../../src/policy/ruleLanguage.ts'

/*
 * Random rules, callers and targets, judged by us and by the oslo.policy that Debian packages.
 * GATEHOUSE_OSLO_CASES and GATEHOUSE_OSLO_SEED run more of them.
 */
const CASES = Number(process.env['GATEHOUSE_OSLO_CASES'] ?? 2500)
const SEED = Number(process.env['GATEHOUSE_OSLO_SEED'] ?? 20_260_102)

interface Case {
  readonly rules: Readonly<Record<string, unknown>>
  readonly creds: Readonly<Record<string, Fact | readonly string[]>>
  readonly target: Readonly<Record<string, Fact>>
}

const PYTHON = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import oslo_policy']).status === 0,
)

test(`judges ${CASES} random rules as oslo.policy does`, {
  skip: PYTHON === undefined ? 'needs the package python3-oslo.policy' : false,
}, () => {
  const random = new Random(SEED)
  const cases = Array.from({ length: CASES }, () => randomCase(random))
  const { stdout, stderr } = spawnSync(
    PYTHON ?? '',
    [join(import.meta.dirname, 'osloPolicyJudge.py')],
    {
      input: JSON.stringify(cases),
      maxBuffer: 1 << 26,
      encoding: 'utf8',
    },
  )
  assert.notEqual(stdout, '', stderr)
  const theirs = JSON.parse(stdout) as readonly (boolean | 'refused')[]
  const seen = { true: 0, false: 0, refused: 0 }
  cases.forEach((each, at) => {
    const their = theirs[at] ?? 'nothing'
    assert.equal(judged(each), their, JSON.stringify(each))
    if (their !== 'nothing') seen[`${their}`]++
  })
  // A generator that has gone stale would agree about nothing in particular.
  for (const [verdict, count] of Object.entries(seen))
    assert.ok(count > CASES / 20, `${verdict}: ${count}`)
})

function judged({ rules, creds, target }: Case): boolean | 'refused' {
  const vocabulary = {
    target: new Map(Object.entries(target).map(([name, value]) => [name, () => value])),
    caller: new Map(Object.entries(creds).map(([name, value]) => [name, () => value])),
  }
  const roles = Array.isArray(creds['roles']) ? (creds['roles'] as string[]) : []
  const caller: Caller = {
    userId: null,
    projectId: 'unused' as ProjectId,
    roles: new Set(roles.map((role) => role.toLowerCase())),
    domainId: null,
    userDomainId: null,
    projectDomainId: null,
    strategy: 'token',
  }
  try {
    const parsed = new Map(Object.entries(rules).map(([name, rule]) => [name, parseRule(rule)]))
    const compiler = new RuleCompiler({ rules: parsed, vocabulary, defaultRule: 'default' })
    for (const name of parsed.keys()) compiler.rule(name)
    return compiler.rule('main')(caller, undefined)
  } catch (error) {
    if (error instanceof RuleError) return 'refused'
    throw error
  }
}

/** Small and repeatable (mulberry32). */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  one<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0]
  }

  many<T>(atMost: number, make: () => T): T[] {
    return Array.from({ length: Math.floor(this.next() * (atMost + 1)) }, make)
  }
}

function randomCase(random: Random): Case {
  const rules: Record<string, unknown> = { main: randomRule(random) }
  for (const name of ['a', 'b', 'default']) if (random.chance(0.5)) rules[name] = randomRule(random)
  return {
    rules,
    creds: {
      user_id: random.one<Fact>(['u1', 'u2', null]),
      project_id: random.one<Fact>(['p1', 'p2']),
      domain_id: null,
      is_admin: random.chance(0.5),
      // Real roles keep their case there, and lose it here when the caller is made.
      roles: random.many(3, () =>
        random.one(['admin', 'Member', 'creator', 'key-manager:service-admin']),
      ),
    },
    target: {
      ...(random.chance(0.8) ? { project_id: random.one<Fact>(['p1', 'p2']) } : {}),
      ...(random.chance(0.8)
        ? { 'target.secret.creator_id': random.one<Fact>(['u1', 'u2', null]) }
        : {}),
      ...(random.chance(0.5) ? { 'target.secret.read': random.one<Fact>(['read', null]) } : {}),
      ...(random.chance(0.8) ? { 'target.secret.private': random.chance(0.5) } : {}),
      ...(random.chance(0.5) ? { role: random.one<Fact>(['admin', 'MEMBER']) } : {}),
    },
  }
}

function randomRule(random: Random): unknown {
  if (random.chance(0.06)) return randomList(random)
  if (random.chance(0.03)) return ''
  if (random.chance(0.1))
    return random.many(7, () => randomWord(random)).join(random.one([' ', '  ', '\t']))
  return randomText(random, 3)
}

function randomList(random: Random): unknown {
  return random.many(3, () =>
    random.one<() => unknown>([
      () => randomLeaf(random),
      () => random.many(3, () => randomLeaf(random)),
    ])(),
  )
}

function randomText(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.3)) return randomLeaf(random)
  const inner = (): string => randomText(random, depth - 1)
  const shape = random.next()
  if (shape < 0.2) return `${random.one(['not', 'NOT', 'Not'])} ${inner()}`
  if (shape < 0.4) return `(${inner()})`
  if (shape < 0.43) return `( ${inner()} )`
  return [inner(), ...random.many(2, inner), inner()].reduce(
    (left, right) => `${left} ${random.one(['and', 'or', 'and', 'or', 'AND', 'Or'])} ${right}`,
  )
}

function randomWord(random: Random): string {
  return random.chance(0.5)
    ? randomLeaf(random)
    : random.one(['(', ')', 'and', 'or', 'not', '((', "'text'", 'word', '@', '!'])
}

function randomLeaf(random: Random): string {
  if (random.chance(0.01))
    return random.one([
      'word',
      'user_id:%',
      'role:%(role)',
      'user_id:%z',
      'user_id.name:u1',
      "'a':'b'",
      'a..b:c',
      ':x',
    ])
  return random.one([
    '@',
    '!',
    'role:admin',
    'role:ADMIN',
    'role:member',
    'role:creator',
    'role:key-manager:service-admin',
    'role:%(role)s',
    'role:%(missing)s',
    'roles:admin',
    'rule:a',
    'rule:b',
    'rule:missing',
    'user_id:u1',
    'user_id:%(target.secret.creator_id)s',
    'user_id:None',
    'user_id:u%(missing)s',
    'project_id:%(project_id)s',
    'project_id:p%%%(project_id)s',
    'project_id:%(project_id)s%(project_id)s',
    'domain_id:None',
    'domain_id:%(target.secret.read)s',
    'is_admin:True',
    'is_admin:%(target.secret.private)s',
    'nobody_has:this',
    'nobody.has:this',
    "'read':%(target.secret.read)s",
    '"read":%(target.secret.read)s',
    "'True':%(target.secret.private)s",
    'True:%(target.secret.private)s',
    'False:%(target.secret.private)s',
    'None:%(target.secret.read)s',
    '7:7',
    '-7:7',
    "'':",
    "'x':x",
  ])
}

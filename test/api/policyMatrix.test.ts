import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Route } from '../../src/http/route.ts'
import { DEFAULT_RULES, type RuleName } from '../../src/policy/defaultRules.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import {
  COLUMNS,
  LEGACY,
  type Matrix,
  NEW,
  rowOf,
  type StateName,
} from '../support/policyMatrix.ts'
import { CALLER, type Made, PROBES, type Probe } from '../support/policyProbes.ts'

/*
 * The matrix through the door: every operation of every rule, asked by every role about records in every
 * state. What is expected is the data of the unit test; what is seen here as well is whether the handler asked.
 */
const EVERY_ROLE = ['admin', 'creator', 'member', 'reader', 'key-manager:service-admin']
/** Of the sixteen, those between which verdicts differ; the unit test has them all. */
const STATES: readonly StateName[] = [
  'own public',
  'own private',
  'foreign public',
  'foreign private',
  'foreign public ACL',
  'foreign private ACL',
  'own public, other project',
  'foreign private ACL, other project',
]

const nameless = (path: string): string => path.replaceAll(/\{\w*\}/g, '{}')
const routeOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string =>
  `${method} ${nameless(path)}`

/** Reads the data: which columns a rule lets in. */
function lettersOf(matrix: Matrix, rule: RuleName, state: StateName): readonly string[] {
  return rowOf(matrix, rule, state).split(' ')
}

class Cells {
  count = 0
  readonly asked = new Set<string>()
  readonly #door: Door
  readonly #matrix: Matrix
  readonly #shared = new Map<string, Promise<Made>>()

  constructor(door: Door, matrix: Matrix) {
    this.#door = door
    this.#matrix = matrix
  }

  get door(): Door {
    return this.#door
  }

  /** A collection has no state, and an order neither privacy nor ACL. */
  statesOf({ rule, make }: Probe): readonly StateName[] {
    const target = DEFAULT_RULES.find(({ name }) => name === rule)?.target
    if (make === undefined || target === 'project') return ['own public']
    if (target === 'order') {
      return ['own public', 'foreign public', 'own public, other project']
    }
    // Only an ACL makes a record private.
    const things = target?.startsWith('secret') ? 'secrets' : 'containers'
    const hasAcls = this.#door.routes.some((each) => routeOf(each) === `PUT /v1/${things}/{}/acl`)
    return STATES.filter((state) => hasAcls || !/private| ACL/.test(state))
  }

  async assertRow(probe: Probe, state: StateName): Promise<void> {
    const letters = lettersOf(this.#matrix, probe.rule, state)
    await Promise.all(
      Object.values(COLUMNS).map(async (roles, column) => {
        const isAllowed = letters[column] === 'Y'
        const caller = this.#door.as({ project: 'home', user: CALLER, roles })
        const made = await this.#about(probe, state, isAllowed ? caller : undefined)
        const answer = await asks(caller, probe, made)
        const where = `${state}, ${roles.join(' ')}: ${answer.text}`
        this.count++
        if (isOutOfSight(probe, state)) assert.equal(answer.status, 404, where)
        else this.#assertVerdict(probe, answer, isAllowed, where)
      }),
    )
  }

  #assertVerdict(probe: Probe, answer: DoorAnswer, isAllowed: boolean, where: string): void {
    const requestId = answer.headers['x-openstack-request-id'] ?? ''
    const decisions = this.#door.decisions.get(requestId) ?? []
    const expected = isAllowed ? probe.allowed : [403]
    assert.ok(expected.includes(answer.status), `${answer.status} for ${where}`)
    const verdicts = decisions.filter(({ rule }) => rule === probe.rule)
    assert.notEqual(verdicts.length, 0, `${probe.rule} was not asked for ${where}`)
    for (const { allowed } of verdicts) assert.equal(allowed, isAllowed, where)
    this.asked.add(`${probe.route} ${probe.rule}`)
  }

  /** What only refused requests and such as change nothing are about is made once. */
  #about(probe: Probe, state: StateName, by: Caller | undefined): Promise<Made> {
    const { make } = probe
    if (make === undefined)
      return Promise.resolve({ record: '', path: probe.route.split(' ')[1] ?? '' })
    if (by !== undefined && probe.spends) return this.#made(probe, state, by)
    const key = `${PROBES.findIndex((each) => each.make === make)} ${state}`
    const made = this.#shared.get(key) ?? this.#made(probe, state, undefined)
    this.#shared.set(key, made)
    return made
  }

  async #made({ make }: Probe, state: StateName, by: Caller | undefined): Promise<Made> {
    assert.ok(make)
    const owner = this.#door.as({
      project: state.endsWith('other project') ? 'away' : 'home',
      user: state.startsWith('own') ? CALLER : 'another',
      roles: EVERY_ROLE,
    })
    const made = await make(owner)
    const isByAcl = state.includes(' ACL')
    if (state.includes('private') || isByAcl) await this.#shut(owner, made, state)
    await made.finish?.(by ?? owner)
    return made
  }

  async #shut(owner: Caller, { record }: Made, state: StateName): Promise<void> {
    const read = {
      'project-access': !state.includes('private'),
      users: state.includes(' ACL') ? ['nobody-else', CALLER] : [],
    }
    const answer = await owner.put(`${record}/acl`, { read })
    assert.equal(answer.status, 200, answer.text)
  }
}

/** Orders are looked for in the caller's project alone, before any rule is asked. */
function isOutOfSight({ route }: Probe, state: StateName): boolean {
  return route.includes('/v1/orders/{}') && state.endsWith('other project')
}

function asks(caller: Caller, probe: Probe, made: Made): Promise<DoorAnswer> {
  const [method = ''] = probe.route.split(' ')
  const body = made.body ?? probe.body
  return caller.ask(method, made.path, {
    ...(body === undefined ? {} : { body }),
    ...(probe.headers === undefined ? {} : { headers: probe.headers }),
  })
}

for (const [mode, matrix] of [
  ['legacy', LEGACY],
  ['new', NEW],
] as const) {
  describe(`the policy matrix through the door, ${mode} mode`, () => {
    let cells: Cells
    before(async () => {
      cells = new Cells(
        await openDoor({ enforceNewDefaults: mode === 'new', hasSeveralStores: true }),
        matrix,
      )
    })
    after(() => cells.door.close())

    for (const probe of PROBES) {
      const { rule, route } = probe
      test(`${route} answers every role as ${rule} says`, async () => {
        assert.ok(
          cells.door.routes.some((each) => routeOf(each) === route),
          'a probe without its route proves nothing',
        )
        await Promise.all(cells.statesOf(probe).map((state) => cells.assertRow(probe, state)))
      })
    }

    test('every rule that a route names was asked there', (t) => {
      t.diagnostic(`${cells.count} requests`)
      const named = cells.door.routes.flatMap((route) =>
        route.rules.map((rule) => `${routeOf(route)} ${rule}`),
      )
      assert.deepEqual(
        named.filter((each) => !cells.asked.has(each)),
        [],
      )
    })

    test('whoever is refused is refused before the body is looked at (Q66)', async () => {
      const stranger = cells.door.as({ project: 'home', user: 'stranger', roles: ['nothing'] })
      const owner = cells.door.as({ project: 'home', user: 'owner', roles: EVERY_ROLE })
      for (const route of cells.door.routes.filter(({ body }) => body !== undefined)) {
        const probe = PROBES.find((each) => each.route === routeOf(route))
        assert.ok(probe)
        const { path } = (await probe.make?.(owner)) ?? { path: route.path }
        const answer = await stranger.ask(route.method, path, {
          body: '{',
          headers: { 'content-type': 'no/type' },
        })
        assert.equal(answer.status, 403, `${routeOf(route)}: ${answer.text}`)
      }
    })
  })
}

test('there is a request for every operation of every rule, and for nothing else', () => {
  const operations = DEFAULT_RULES.flatMap(({ name, operations }) =>
    operations.map((operation) => `${routeOf(operation)} ${name}`),
  )
  const probes = PROBES.map(({ route, rule }) => `${route} ${rule}`)
  assert.deepEqual(probes.toSorted(), operations.toSorted())
})

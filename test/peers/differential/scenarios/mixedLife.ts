import type { Person } from '../exchange.ts'
import type { Random } from '../random.ts'
import type { Scenario } from '../scenario.ts'
import type { Twins } from '../twins.ts'
import { person } from './people.ts'

const ROUNDS = 300

const PEOPLE: readonly Person[] = [
  person('mixed', 'carol', 'creator'),
  person('mixed', 'carl', 'creator'),
  person('mixed', 'alice', 'admin'),
  person('mixed', 'olga', 'observer'),
  person('mixedElsewhere', 'guest', 'creator'),
]

/** What is there, as paths; both sides have the same of it, or the scenario would have failed before. */
interface World {
  readonly secrets: string[]
  readonly containers: string[]
  readonly orders: string[]
}

type Step = (twins: Twins, random: Random, world: World, by: Person) => Promise<void>

const forget = (paths: string[], path: string): void => void paths.splice(paths.indexOf(path), 1)

const create =
  (
    line: string,
    paths: keyof World,
    json: (random: Random, twins: Twins, world: World) => unknown,
  ): Step =>
  async (twins, random, world, by) => {
    const { made } = await twins.ask(line, { json: json(random, twins, world), by })
    if (made !== undefined) world[paths].push(made)
  }

const remove =
  (paths: keyof World): Step =>
  async (twins, random, world, by) => {
    if (world[paths].length < 2) return
    const path = random.pick(world[paths])
    const { status } = await twins.ask(`DELETE ${path}`, { by })
    if (status === 204) forget(world[paths], path)
  }

const read =
  (paths: keyof World, ...below: readonly string[]): Step =>
  async (twins, random, world, by) => {
    if (world[paths].length > 0)
      await twins.ask(`GET ${random.pick(world[paths])}${random.pick(below)}`, {
        by,
        headers: { 'OpenStack-API-Version': random.pick(['key-manager 1.0', 'key-manager 1.1']) },
      })
  }

const change =
  (
    paths: keyof World,
    lines: (random: Random) => readonly [verb: string, below: string, json: unknown],
  ): Step =>
  async (twins, random, world, by) => {
    if (world[paths].length === 0) return
    const [verb, below, json] = lines(random)
    await twins.ask(`${verb} ${random.pick(world[paths])}${below}`, { json, by })
  }

const acl = (random: Random): readonly [string, string, unknown] => [
  random.pick(['PUT', 'PATCH']),
  '/acl',
  {
    read: random.object({
      users: [undefined, [], ['guest'], ['guest', 'olga'], ['carl']],
      'project-access': [undefined, true, false],
    }),
  },
]

const STEPS: readonly Step[] = [
  create('POST /v1/secrets', 'secrets', (random) => ({
    name: random.pick(['red', 'green', 'blue', null]),
    secret_type: random.pick(['symmetric', 'passphrase', 'opaque']),
    bit_length: random.pick([128, 256]),
    ...(random.isOneIn(2) ? { payload: random.text(9), payload_content_type: 'text/plain' } : {}),
  })),
  create('POST /v1/containers', 'containers', (random, twins, { secrets }) => ({
    name: random.pick(['box', 'bag']),
    type: 'generic',
    secret_refs: secrets
      .slice(0, random.whole(0, 3))
      .map((path, index) => ({ name: `s${index}`, secret_ref: `${twins.base}${path}` })),
  })),
  create('POST /v1/orders', 'orders', (random) => ({
    type: 'key',
    meta: { algorithm: 'aes', bit_length: random.pick([128, 256]), name: random.pick(['o', 'p']) },
  })),
  remove('secrets'),
  remove('containers'),
  remove('orders'),
  read('secrets', '', '/payload', '/metadata', '/acl'),
  read('secrets', '', '/payload'),
  read('containers', '', '/acl'),
  read('orders', ''),
  change('secrets', acl),
  change('containers', acl),
  change('secrets', (random) => [
    'POST',
    '/metadata',
    { key: random.pick(['a', 'b', 'c']), value: random.text(3) },
  ]),
  change('secrets', (random) => [
    'PUT',
    '/metadata',
    { metadata: random.object({ a: ['1', undefined], b: ['2', undefined] }) },
  ]),
  // What comes back is a new consumer here and the old one there: no two of these are the same.
  change('secrets', (random) => [
    'POST',
    '/consumers',
    { service: 'nova', resource_type: 'disk', resource_id: random.text(30) },
  ]),
  change('containers', (random) => ['POST', '/consumers', { name: random.text(30), URL: 'u' }]),
  async (twins, random, _world, by) => {
    const list = random.pick(['secrets', 'containers', 'orders'])
    const query = random.pick(['', '?limit=2', '?limit=3&offset=1', '?name=red', '?limit=100'])
    await twins.ask(`GET /v1/${list}${query}`, { by })
  },
]

/** A project in which several people do whatever comes to their minds. */
export const mixedLife: Scenario = {
  name: 'everything at random',
  async run(twins, random) {
    twins.enter(this.name, PEOPLE[0] ?? person('mixed', 'carol', 'creator'))
    const world: World = { secrets: [], containers: [], orders: [] }
    for (let round = 0; round < ROUNDS; round++)
      await random.pick(STEPS)(twins, random, world, random.pick(PEOPLE))
  },
}

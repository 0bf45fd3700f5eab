import { setTimeout as delay } from 'node:timers/promises'
import type { Person } from './cloud.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { World } from './world.ts'

const PEOPLE = [
  'demo',
  'administrator',
  'creator',
  'stranger',
  'hermit',
  'librarian',
  'cinder',
  'heat',
  'magnum',
  'manila',
  'nova',
  'octavia',
] as const satisfies readonly Person[]

interface Parts {
  readonly world: World
  /** Where the catalog leads. */
  readonly keystoneSide: Gatehouse
  /** Beside the same Keystone, with the new policy rules. */
  readonly newRules: Gatehouse
  readonly tokenSide: Gatehouse
}

/** What programs of claims are told about the cloud. */
export class CallersCloud {
  readonly #parts: Parts
  #facts: Promise<object> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async facts(): Promise<object> {
    this.#facts ??= this.#gather()
    return this.#facts
  }

  async #gather(): Promise<object> {
    const { world, keystoneSide, newRules, tokenSide } = this.#parts
    const people = await Promise.all(PEOPLE.map(async (person) => this.#personFacts(person)))
    // The program that wants an expired token should not have to wait for it.
    await delay(Math.max(0, Date.parse(world.shortLived.expiresAt) - Date.now()))
    return {
      authUrl: world.cloud.keystoneUrl,
      endpoint: keystoneSide.url,
      newEndpoint: newRules.url,
      password: world.cloud.password,
      people: Object.fromEntries(people),
      expiredToken: world.shortLived.token,
      folder: world.folder,
      tokenEndpoint: tokenSide.url,
      localToken: await localToken(tokenSide),
    }
  }

  async #personFacts(person: Person): Promise<readonly [Person, object]> {
    const { cloud } = this.#parts.world
    const { userId, projectId } = await cloud.login(person)
    return [person, { project: cloud.projectOf(person), userId, projectId }]
  }
}

const localToken = async (gatehouse: Gatehouse): Promise<string> => {
  const roles = ['admin', 'creator', 'member'].flatMap((role) => ['--role', role])
  const printed = await gatehouse.command('token', 'issue', '--project', 'demo', ...roles)
  const token = printed.trimEnd().split('\n').at(-1)
  if (token === undefined || token === '') throw new Error('no token was printed')
  return token
}

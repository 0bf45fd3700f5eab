import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Caller, type Door, openDoor } from './door.ts'
import { secretWithPayload } from './doorSecrets.ts'
import { type Heard, type SayOptions, Wire } from './wire.ts'

/** What a hostile suite talks to: a real listener before a whole API with one secret behind it. */
export interface Target {
  readonly door: Door
  readonly wire: Wire
  readonly owner: Caller
  /** Path of a secret with a payload. */
  readonly secret: string
  /** Identity headers of its owner, as they stand on the wire. */
  readonly identity: string
}

export interface Case {
  readonly name: string
  readonly bytes: string | Buffer | readonly (string | Buffer)[]
  /** Statuses that are right; left out, any answer below 500 is. */
  readonly statuses?: readonly number[]
  readonly how?: SayOptions
}

const IDENTITY = 'X-Project-Id: hostile\r\nX-User-Id: u\r\nX-Roles: admin\r\n'

/**
 * Opens a target for the suite around it, and checks at its end that nothing got through: no 5xx, no
 * alarm, nothing unhandled, and a server that still answers.
 */
export function target(): { readonly get: () => Target } {
  let opened: Target | undefined
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  before(async () => {
    process.on('unhandledRejection', onUnhandled)
    const door = await openDoor({ hostHref: '', parseProxyHeaders: true })
    const owner = door.as({ project: 'hostile', user: 'u', roles: ['admin'] })
    const { path } = await secretWithPayload(owner, { name: 'still here' })
    await owner.put(`${path}/metadata`, { metadata: { k: 'v' } })
    const wire = await Wire.open(door.app)
    opened = { door, wire, owner, secret: path, identity: IDENTITY }
  })
  const get = (): Target => opened ?? assert.fail('the target is not open yet')
  after(async () => {
    const { door, wire, owner, secret } = get()
    try {
      assert.deepEqual(door.failures, [], 'something failed inside')
      assert.deepEqual(door.alarms, [])
      assert.deepEqual(unhandled, [])
      assert.equal((await owner.get(`${secret}/payload`)).text, 'some payload')
    } finally {
      process.off('unhandledRejection', onUnhandled)
      await wire.close()
      await door.close()
    }
  })
  return { get }
}

/** One test for each case: it is answered properly or cut off, never with a 5xx, and never left hanging. */
export function attack(
  { get }: ReturnType<typeof target>,
  cases: (at: Target) => readonly Case[],
): void {
  // The names are needed before the target is open; the bytes come from it.
  const names = cases(NOWHERE).map(({ name }) => name)
  assert.equal(new Set(names).size, names.length, 'two cases of one name')
  let made: ReadonlyMap<string, Case> | undefined
  for (const name of names) {
    test(name, async () => {
      made ??= new Map(cases(get()).map((it) => [it.name, it]))
      const { bytes, statuses, how } = made.get(name) ?? assert.fail(name)
      const heard = await get().wire.say(bytes, how)
      assertProper(heard)
      if (statuses !== undefined) {
        const last = heard.statuses.at(-1)
        assert.ok(
          last !== undefined && statuses.includes(last),
          `${heard.statuses} ${heard.text.slice(0, 400)}`,
        )
      }
    })
  }
}

export function assertProper(heard: Heard): void {
  assert.ok(heard.isClosed, `left hanging after ${heard.statuses}: ${heard.text.slice(0, 200)}`)
  for (const status of heard.statuses) assert.ok(status < 500, heard.text.slice(0, 400))
  assert.ok(!/ {4}at |node_modules/.test(heard.text), 'a stack trace left the house')
}

const NOWHERE: Target = {
  get door(): never {
    return assert.fail()
  },
  get wire(): never {
    return assert.fail()
  },
  get owner(): never {
    return assert.fail()
  },
  secret: '/v1/secrets/00000000-0000-4000-8000-000000000000',
  identity: IDENTITY,
}

/** A whole request that asks for the connection to be closed. */
export function request(line: string, headers: string, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body as string, 'latin1')
  const length = bytes.length === 0 ? '' : `Content-Length: ${bytes.length}\r\n`
  const head = `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}${length}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

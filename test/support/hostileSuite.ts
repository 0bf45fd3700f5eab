import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { type Door, type DoorOptions, openDoor } from './door.ts'
import type { Caller } from './doorCaller.ts'
import { containerOf } from './doorContainers.ts'
import { secretWithPayload } from './doorSecrets.ts'
import { type Heard, type SayOptions, Wire } from './wire.ts'

/** What a hostile suite talks to: a real listener before a whole API with one secret behind it. */
export interface Target {
  readonly door: Door
  readonly wire: Wire
  readonly owner: Caller
  /** Path of a secret with a payload. */
  readonly secret: string
  /** Path of a container with that secret and a consumer. */
  readonly container: string
}

export interface Case {
  readonly name: string
  readonly bytes: string | Buffer | readonly (string | Buffer)[]
  /** Statuses that are right; left out, any answer below 500 is. */
  readonly statuses?: readonly number[]
  readonly how?: SayOptions
}

/** Identity headers of the owner, as they stand on the wire. */
export const IDENTITY =
  'X-Project-Id: hostile\r\nX-User-Id: u\r\nX-Roles: admin,key-manager:service-admin\r\n'

/**
 * Opens a target for the suite around it, and checks at its end that nothing got through: no 5xx, no
 * alarm, nothing unhandled, and a server that still answers.
 */
export function target(options: DoorOptions = {}): { readonly get: () => Target } {
  let opened: Target | undefined
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  // Koa prints what nobody listens for: a client that hangs up would write into the operator's terminal.
  const print = mock.fn()
  const { error: originalPrint } = console
  before(async () => {
    console.error = print
    process.on('unhandledRejection', onUnhandled)
    const door = await openDoor({ hostHref: '', parseProxyHeaders: true, ...options })
    const owner = door.as({ project: 'hostile', user: 'u', roles: ['admin'] })
    const { path, ref } = await secretWithPayload(owner, { name: 'still here' })
    await owner.put(`${path}/metadata`, { metadata: { k: 'v' } })
    // Other requests have another Host, and so another base: this one's is the owner's.
    const secret_refs = [{ name: 'still here', secret_ref: ref }]
    const { path: container } = await containerOf(owner, { secret_refs })
    await owner.post(`${container}/consumers`, { name: 'still here', URL: 'u' })
    const wire = await Wire.open(door.app)
    opened = { door, wire, owner, secret: path, container }
  })
  const get = (): Target => opened ?? assert.fail('the target is not open yet')
  after(async () => {
    const { door, wire, owner, secret, container } = get()
    try {
      assert.deepEqual(door.failures, [], 'something failed inside')
      assert.deepEqual(door.alarms, [])
      assert.deepEqual(unhandled, [])
      assert.equal(print.mock.callCount(), 0, 'something was printed past the log')
      assert.equal((await owner.get(`${secret}/payload`)).text, 'some payload')
      const { status, json } = await owner.get(container)
      assert.equal(status, 200)
      assert.equal((json['secret_refs'] as { name: string }[])[0]?.name, 'still here')
    } finally {
      console.error = originalPrint
      process.off('unhandledRejection', onUnhandled)
      await wire.close()
      await door.close()
    }
  })
  return { get }
}

/**
 * One test for each case: it is answered properly or cut off, never with a 5xx, and never left hanging.
 * `{id}` in a case's text stands for the id of the secret that is there, `{container}` for the container's.
 */
export function attack({ get }: ReturnType<typeof target>, cases: readonly Case[]): void {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'two cases of one name')
  for (const { name, bytes, statuses, how } of cases) {
    test(name, async () => {
      const { secret, container, wire } = get()
      const fill = (text: string) =>
        text.replaceAll('{id}', secret.slice(-36)).replaceAll('{container}', container.slice(-36))
      const pieces = typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes
      const filled = pieces.map((it) => (typeof it === 'string' ? fill(it) : it))
      const heard = await wire.say(filled, how)
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

/** A whole request that asks for the connection to be closed, by the owner of the secret. */
export function request(line: string, headers = '', body: string | Buffer = ''): string {
  const text =
    typeof body === 'string' ? Buffer.from(body).toString('latin1') : body.toString('latin1')
  const length = text === '' ? '' : `Content-Length: ${text.length}\r\n`
  return `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${IDENTITY}${headers}${length}\r\n${text}`
}

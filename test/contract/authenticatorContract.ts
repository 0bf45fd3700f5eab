import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Authenticator, Credentials } from '../../src/domain/ports/identity.ts'
import { Fault, type FaultKind } from '../../src/lib/fault.ts'
import type { Caller } from '../../src/model/requestContext.ts'
import { anyCharacter } from '../support/anyCharacter.ts'

export interface AuthenticatorUnderTest {
  readonly authenticator: Authenticator
  /** Headers of user ada in project demo with the roles Creator and member. */
  readonly good: Readonly<Record<string, string>>
  readonly strategy: Caller['strategy']
  /** What a request without any of them is told. */
  readonly withoutCredentials: FaultKind
  /** Does the scheme believe X-Project-Id and its like? */
  readonly believesHeaders: boolean
}

const ALLOWED: ReadonlySet<FaultKind> = new Set([
  'unauthorized',
  'badRequest',
  'forbidden',
  'unavailable',
])

/** What `domain/ports/identity.ts` promises of every Authenticator. */
export function authenticatorContract(
  name: string,
  make: (t: TestContext) => Promise<AuthenticatorUnderTest>,
): void {
  test(`${name}: good credentials give the caller, with roles in lower case`, async (t) => {
    const { authenticator, good, strategy } = await make(t)
    const caller = await authenticator.authenticate(credentialsOf(good))
    assert.equal(caller.userId, 'ada')
    assert.equal(caller.projectId, 'demo')
    assert.deepEqual(caller.roles, new Set(['creator', 'member']))
    assert.equal(caller.strategy, strategy)
  })

  test(`${name}: whose caller was named just now is at hand, and who was never seen is not`, async (t) => {
    const { authenticator, good, believesHeaders } = await make(t)
    const never = { 'x-auth-token': 'never-seen', authorization: 'Bearer never-seen' }
    // Where headers are believed, nothing is ever asked.
    assert.equal(authenticator.isAtHand(credentialsOf(good)), believesHeaders)
    await authenticator.authenticate(credentialsOf(good))
    assert.equal(authenticator.isAtHand(credentialsOf(good)), true)
    for (const headers of [never, {}]) {
      assert.equal(authenticator.isAtHand(credentialsOf(headers)), believesHeaders)
    }
  })

  test(`${name}: no credentials are refused`, async (t) => {
    const { authenticator, withoutCredentials } = await make(t)
    const nothing = credentialsOf({ host: 'localhost' })
    await assert.rejects(authenticator.authenticate(nothing), { kind: withoutCredentials })
  })

  test(`${name}: callers that arrive together are all served alike`, async (t) => {
    const { authenticator, good } = await make(t)
    const callers = await Promise.all(
      Array.from({ length: 50 }, () => authenticator.authenticate(credentialsOf(good))),
    )
    for (const caller of callers) assert.deepEqual(caller, callers[0])
  })

  test(`${name}: inbound identity headers change nothing where tokens count`, async (t) => {
    const { authenticator, good, believesHeaders } = await make(t)
    if (believesHeaders) return
    const claimed = {
      'x-project-id': 'victim',
      'x-user-id': 'root',
      'x-roles': 'admin',
      'x-identity-status': 'Confirmed',
      'x-service-roles': 'service',
      'x-service-identity-status': 'Confirmed',
      'x-tenant-id': 'victim',
    }
    await assert.rejects(authenticator.authenticate(credentialsOf(claimed)), {
      kind: 'unauthorized',
    })
    const plain = await authenticator.authenticate(credentialsOf(good))
    assert.deepEqual(
      await authenticator.authenticate(credentialsOf({ ...claimed, ...good })),
      plain,
    )
  })

  test(`${name}: hostile header values end in a refusal, never in a crash`, async (t) => {
    const { authenticator, good } = await make(t)
    const names = [
      ...Object.keys(good),
      'x-auth-token',
      'x-service-token',
      'authorization',
      'x-roles',
      'x-project-id',
      'x-user-id',
    ]
    const hostile = fc.dictionary(
      fc.constantFrom(...names),
      fc.string({ unit: anyCharacter, maxLength: 200 }),
    )
    await fc.assert(
      fc.asyncProperty(hostile, async (headers) => {
        for (const each of [headers, { ...good, ...headers }]) {
          assert.equal(typeof authenticator.isAtHand(credentialsOf(each)), 'boolean')
          await authenticator.authenticate(credentialsOf(each)).catch((error: unknown) => {
            assert.ok(error instanceof Fault && ALLOWED.has(error.kind), String(error))
          })
        }
      }),
      { numRuns: 100 },
    )
  })
}

function credentialsOf(headers: Readonly<Record<string, string>>): Credentials {
  return {
    method: 'GET',
    path: '/v1/secrets',
    header: (name) => headers[name],
    headerNames: () => Object.keys(headers),
  }
}

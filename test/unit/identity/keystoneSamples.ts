import type { TestContext } from 'node:test'
import type { Credentials } from '../../../src/domain/ports/identity.ts'
import { KeystoneAuthenticator } from '../../../src/identity/keystoneAuthenticator.ts'
import type { KeystoneEvent, KeystoneOptions } from '../../../src/identity/keystoneOptions.ts'
import { Fault, type FaultKind } from '../../../src/lib/fault.ts'
import {
  FakeKeystone,
  type FakeKeystoneOptions,
  SERVICE_PASSWORD,
} from '../../support/fakeKeystone.ts'
import { ManualClock } from './manualClock.ts'

export const PASSWORD_USER = {
  password: {
    ...SERVICE_PASSWORD,
    userDomainName: 'Default',
    projectName: 'service',
    projectDomainName: 'Default',
  },
} as const

export function request(
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  path = '/v1/secrets',
): Credentials {
  return { method, path, header: (name) => headers[name], headerNames: () => Object.keys(headers) }
}

export interface KeystoneScene {
  readonly keystone: FakeKeystone
  readonly clock: ManualClock
  readonly authenticator: KeystoneAuthenticator
  readonly events: KeystoneEvent[]
  /** What a request with this token gets: the caller's user and project, or the kind of refusal. */
  ask(token: string, serviceToken?: string, method?: string, path?: string): Promise<string>
}

export async function keystoneScene(
  t: TestContext,
  options: Partial<KeystoneOptions> = {},
  fake: FakeKeystoneOptions = {},
): Promise<KeystoneScene> {
  const clock = new ManualClock()
  const keystone = await FakeKeystone.start({ epochMs: clock.epochMs, ...fake })
  const events: KeystoneEvent[] = []
  const authenticator = new KeystoneAuthenticator({
    authUrl: keystone.url,
    serviceUser: PASSWORD_USER,
    maxRetries: 0,
    timeoutSeconds: 5,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  t.after(async () => {
    authenticator.close()
    await keystone.close()
  })
  const ask = async (token: string, serviceToken?: string, method?: string, path?: string) => {
    const headers = {
      'x-auth-token': token,
      ...(serviceToken === undefined ? {} : { 'x-service-token': serviceToken }),
    }
    return await verdictOf(authenticator.authenticate(request(headers, method, path)))
  }
  return { keystone, clock, authenticator, events, ask }
}

/** `user@project`, or the kind of the fault. Anything else that is thrown is a crash, and stays one. */
export async function verdictOf(
  answer: Promise<{ readonly userId: string | null; readonly projectId: string }>,
): Promise<string> {
  try {
    const { userId, projectId } = await answer
    return `${userId}@${projectId}`
  } catch (error) {
    if (error instanceof Fault) return error.kind satisfies FaultKind
    throw error
  }
}

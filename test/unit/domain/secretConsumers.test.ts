import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SecretConsumerRepository } from '../../../src/domain/ports/secretRepositories.ts'
import { SecretConsumers } from '../../../src/domain/secretConsumers.ts'
import { Secrets } from '../../../src/domain/secrets.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { newSecretId, type ProjectId } from '../../../src/lib/ids.ts'
import type { RequestContext } from '../../../src/model/requestContext.ts'
import { contextOf, fakeParts, SECRET_ID, storedSecret } from './fakeParts.ts'

const NAME = { service: 's', resourceType: 't', resourceId: 'r' }
const LIST = { limit: 100, offset: 0, filter: {}, sort: [], aclOnly: false }
const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
const find = async () => storedSecret()
const readName = async () => NAME

function at(microversion: RequestContext['microversion']): RequestContext {
  return { ...contextOf(), microversion }
}

/** Counts how often consumers are asked for. */
function asked() {
  const calls: (readonly string[])[] = []
  const ofSecrets: SecretConsumerRepository['ofSecrets'] = async (ids) => {
    calls.push(ids)
    return new Map()
  }
  return { calls, ofSecrets }
}

test('at 1.0 neither the metadata nor a list asks for consumers', async () => {
  const list = async () => ({ items: [storedSecret()], total: 1 })
  // What it was not told of, the fake refuses to answer.
  const secrets = new Secrets(fakeParts({ secrets: { find, list } }))
  assert.equal((await secrets.read(at(0), SECRET_ID)).consumers, undefined)
  const [shown] = (await secrets.list(at(0), () => LIST)).items
  assert.equal(shown?.consumers, undefined)
})

test('at 1.1 a page of many secrets asks once, with all of their ids', async () => {
  const items = Array.from({ length: 100 }, () => storedSecret({ id: newSecretId() }))
  const list = async () => ({ items, total: 100 })
  const { calls, ofSecrets } = asked()
  const secrets = new Secrets(fakeParts({ secrets: { find, list }, consumers: { ofSecrets } }))
  const page = await secrets.list(at(1), () => LIST)
  assert.deepEqual(
    page.items.map(({ consumers }) => consumers),
    items.map(() => []),
  )
  assert.deepEqual(calls, [items.map(({ id }) => id)])
  await secrets.read(at(2), SECRET_ID)
  assert.deepEqual(calls.slice(1), [[SECRET_ID]])
})

for (const [what, projectId, expected] of [
  ['the project of the secret may remove what anybody registered', 'p', undefined],
  ['another project may remove what it registered itself', 'q', 'q'],
] as const) {
  test(what, async () => {
    const calls: unknown[] = []
    const remove: SecretConsumerRepository['remove'] = async (...args) => {
      calls.push(args)
      return 'removed'
    }
    const { ofSecrets } = asked()
    const shared = storedSecret({
      acl: {
        projectAccess: true,
        users: ['u'],
        createdAt: storedSecret().createdAt,
        updatedAt: storedSecret().createdAt,
      },
    })
    const parts = fakeParts({
      secrets: { find: async () => shared },
      consumers: { remove, ofSecrets },
    })
    const caller = { ...contextOf().caller, projectId: projectId as ProjectId }
    await new SecretConsumers(parts).remove({ ...contextOf(), caller }, SECRET_ID, readName)
    assert.deepEqual(calls, [[SECRET_ID, NAME, expected]])
  })
}

test('a secret that goes while a consumer is registered is not found', async () => {
  const parts = fakeParts({ secrets: { find }, consumers: { add: async () => 'gone' } })
  const added = new SecretConsumers(parts).register(contextOf(), SECRET_ID, readName)
  await assert.rejects(added, fault('notFound'))
})

test('a body is read by nobody who may not register', async () => {
  const consumers = new SecretConsumers(fakeParts({ secrets: { find } }))
  const never = async () => assert.fail('the body was read')
  const stranger = contextOf([])
  await assert.rejects(consumers.register(stranger, SECRET_ID, never), fault('forbidden'))
  await assert.rejects(consumers.remove(stranger, SECRET_ID, never), fault('forbidden'))
})

test('an id that is none asks the database nothing', async () => {
  const consumers = new SecretConsumers(fakeParts({ secrets: { find } }))
  await assert.rejects(consumers.read(contextOf(), SECRET_ID, undefined), fault('notFound'))
  const none = new SecretConsumers(fakeParts({}))
  await assert.rejects(none.lookUp(undefined), fault('notFound'))
})

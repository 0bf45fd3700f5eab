import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ContainerConsumers } from '../../../src/domain/containerConsumers.ts'
import { Containers } from '../../../src/domain/containers.ts'
import type { GivenMember, NewContainer } from '../../../src/domain/newContainer.ts'
import type { NewMember } from '../../../src/domain/ports/containerRepositories.ts'
import { Fault } from '../../../src/lib/fault.ts'
import type { Container, ContainerMember } from '../../../src/model/container.ts'
import {
  CONTAINER_ID,
  contextOf,
  fakeContainerParts,
  inTurn,
  SECRET_ID,
  storedContainer,
} from './fakeParts.ts'

const NEW: NewContainer = {
  type: 'generic',
  name: null,
  members: [{ name: 'm', secretId: SECRET_ID }],
}
const GIVEN: GivenMember = { name: 'm', secretId: SECRET_ID }
const MEMBER: ContainerMember = { name: 'm', secretId: SECRET_ID, isGone: false }
const CONSUMER = { name: 'Octavia', url: 'u' }

const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
const never = () => assert.fail('it was read')

describe('making a container', () => {
  test('a key that is gone is forgotten, and the container tried again under one id', async () => {
    const outcomes = inTurn<'keyGone' | 'inserted'>('keyGone', 'inserted')
    const ids: string[] = []
    const parts = fakeContainerParts({
      containers: {
        insert: async (container) => {
          ids.push(container.id)
          return outcomes.next()
        },
      },
    })
    const id = await new Containers(parts).create(contextOf(), async () => NEW)
    assert.deepEqual(parts.purged, ['p'])
    assert.deepEqual(ids, [id, id])
  })

  test('a key that never comes is 503 after a bounded number of tries', async () => {
    const outcomes = inTurn<'keyGone'>('keyGone')
    const parts = fakeContainerParts({ containers: { insert: () => outcomes.next() } })
    const made = new Containers(parts).create(contextOf(), async () => NEW)
    await assert.rejects(made, fault('unavailable'))
    assert.equal(outcomes.calls, 5)
  })

  test('a secret that is gone is 404, and not tried again', async () => {
    const outcomes = inTurn<'secretGone'>('secretGone')
    const parts = fakeContainerParts({ containers: { insert: () => outcomes.next() } })
    const made = new Containers(parts).create(contextOf(), async () => NEW)
    await assert.rejects(made, fault('notFound'))
    assert.equal(outcomes.calls, 1)
  })

  test('what no secret has for an id is 404 without asking the database', async () => {
    const members = [{ name: 'm', secretId: undefined }]
    const made = new Containers(fakeContainerParts({})).create(contextOf(), async () => ({
      ...NEW,
      members,
    }))
    await assert.rejects(made, fault('notFound'))
  })

  test('it belongs to who asks, and has no ACL', async () => {
    const made: Container[] = []
    const parts = fakeContainerParts({
      containers: {
        insert: async (container) => {
          made.push(container)
          return 'inserted'
        },
      },
    })
    await new Containers(parts).create(contextOf(), async () => NEW)
    const [container] = made
    assert.equal(container?.projectId, 'p')
    assert.equal(container?.creatorId, 'u')
    assert.equal(container?.acl, null)
    assert.deepEqual(container?.members, [MEMBER])
    assert.equal(container?.updatedAt, container?.createdAt)
  })
})

describe('changing members', () => {
  /** Answers `members` one after the other to each look, and `outcomes` to each change. */
  function scene(
    looks: readonly (readonly ContainerMember[])[],
    ...outcomes: readonly ('changed' | 'stale' | 'gone' | 'keyGone' | 'secretGone')[]
  ) {
    const looked = inTurn(...looks.map((members) => storedContainer({ members })))
    const answered = inTurn(...outcomes)
    const written: { members: readonly ContainerMember[]; added: NewMember | undefined }[] = []
    const parts = fakeContainerParts({
      containers: {
        find: () => looked.next(),
        replaceMembers: async (_mac, { members }, added) => {
          written.push({ members, added })
          return answered.next()
        },
      },
    })
    return { containers: new Containers(parts), parts, written, looked }
  }
  const other: ContainerMember = { ...MEMBER, name: 'other' }
  const gone: ContainerMember = { ...MEMBER, name: 'gone', isGone: true }
  const add = (containers: Containers) =>
    containers.addMember(contextOf(), CONTAINER_ID, async () => GIVEN)
  const remove = (containers: Containers) =>
    containers.removeMember(contextOf(), CONTAINER_ID, async () => GIVEN)

  test('a stale record is read and judged again: what came in meanwhile stays', async () => {
    const { containers, written } = scene([[], [], [other]], 'stale', 'changed')
    await add(containers)
    assert.deepEqual(
      written.map(({ members }) => members),
      [[MEMBER], [other, MEMBER]],
    )
  })

  test('the pair that another request added meanwhile is 409', async () => {
    const { containers, written } = scene([[], [], [MEMBER]], 'stale', 'changed')
    await assert.rejects(add(containers), fault('conflict'))
    assert.equal(written.length, 1)
  })

  test('the pair that another request removed meanwhile is 404', async () => {
    const { containers } = scene([[MEMBER], [MEMBER], []], 'stale', 'changed')
    await assert.rejects(remove(containers), fault('notFound'))
  })

  test('members that are gone are dropped, and do not stand in the way', async () => {
    const lost = { ...MEMBER, isGone: true }
    const adding = scene([[gone, lost, other]], 'changed')
    await add(adding.containers)
    assert.deepEqual(adding.written[0]?.members, [other, MEMBER])
    const removing = scene([[gone, MEMBER, other]], 'changed')
    await remove(removing.containers)
    assert.deepEqual(removing.written[0]?.members, [other])
    const removed = scene([[lost]], 'changed')
    await assert.rejects(remove(removed.containers), fault('notFound'))
  })

  test('an addition names its secret and the project that must own it; a removal names none', async () => {
    const adding = scene([[]], 'changed')
    await add(adding.containers)
    const { secretId, projectId } = adding.written[0]?.added ?? assert.fail()
    assert.deepEqual([secretId, projectId], [SECRET_ID, 'p'])
    const removing = scene([[MEMBER]], 'changed')
    await remove(removing.containers)
    assert.equal(removing.written[0]?.added, undefined)
  })

  test('a secret that went meanwhile is 404; a key that went is forgotten and the change tried again', async () => {
    await assert.rejects(add(scene([[]], 'secretGone').containers), fault('notFound'))
    const { containers, parts } = scene([[]], 'keyGone', 'changed')
    await add(containers)
    assert.deepEqual(parts.purged, ['p'])
  })

  test('a record that never holds still is 503 after a bounded number of tries', async () => {
    const { containers, written } = scene([[]], 'stale')
    await assert.rejects(add(containers), fault('unavailable'))
    assert.equal(written.length, 5)
  })

  test('a container that went between look and change is 404', async () => {
    const looked = inTurn(storedContainer(), storedContainer(), undefined)
    let looks = 0
    const parts = fakeContainerParts({
      containers: {
        find: async () => {
          looks += 1
          return looks > 2 ? undefined : looked.next()
        },
        replaceMembers: async () => 'gone',
        remove: async () => 'gone',
      },
    })
    await assert.rejects(add(new Containers(parts)), fault('notFound'))
    looks = 2
    const removed = new Containers(parts).remove(contextOf(), CONTAINER_ID)
    await assert.rejects(removed, fault('notFound'))
  })
})

describe('a body is not read', () => {
  const parts = (container = storedContainer()) =>
    fakeContainerParts({ containers: { find: async () => container } })

  test('before its sender is authorized', async () => {
    const observer = contextOf(['observer'])
    const containers = new Containers(parts())
    await assert.rejects(containers.create(observer, never), fault('forbidden'))
    await assert.rejects(containers.addMember(observer, CONTAINER_ID, never), fault('forbidden'))
    await assert.rejects(containers.removeMember(observer, CONTAINER_ID, never), fault('forbidden'))
    const member = contextOf(['member'])
    const consumers = new ContainerConsumers(parts())
    await assert.rejects(consumers.add(member, CONTAINER_ID, never), fault('forbidden'))
    await assert.rejects(consumers.remove(member, CONTAINER_ID, never), fault('forbidden'))
  })

  test('for an id that is none', async () => {
    const containers = new Containers(fakeContainerParts({}))
    const consumers = new ContainerConsumers(fakeContainerParts({}))
    await assert.rejects(containers.addMember(contextOf(), undefined, never), fault('notFound'))
    await assert.rejects(consumers.add(contextOf(), undefined, never), fault('notFound'))
  })
})

describe('consumers', () => {
  test('a container that went before the consumer came in is 404', async () => {
    const parts = fakeContainerParts({
      containers: { find: async () => storedContainer() },
      consumers: { add: async () => 'gone' },
    })
    const added = new ContainerConsumers(parts).add(contextOf(), CONTAINER_ID, async () => CONSUMER)
    await assert.rejects(added, fault('notFound'))
  })

  test('only the first registration shows a new `updated`', async () => {
    const outcomes = inTurn<'added' | 'present'>('added', 'present')
    const parts = fakeContainerParts({
      containers: { find: async () => storedContainer() },
      consumers: { add: () => outcomes.next(), namesOf: async () => [CONSUMER] },
    })
    const consumers = new ContainerConsumers(parts)
    const add = () => consumers.add(contextOf(), CONTAINER_ID, async () => CONSUMER)
    const { updatedAt, createdAt } = await add()
    assert.notEqual(updatedAt, createdAt)
    const again = await add()
    assert.equal(again.updatedAt, again.createdAt)
    assert.deepEqual(again.consumers, [CONSUMER])
  })

  test('in the project of the container whoever registered it does not matter', async () => {
    const asked: unknown[] = []
    const parts = fakeContainerParts({
      containers: { find: async () => storedContainer() },
      consumers: {
        remove: async (...args) => {
          asked.push(args)
          return 'removed'
        },
        namesOf: async () => [],
      },
    })
    const consumers = new ContainerConsumers(parts)
    await consumers.remove(contextOf(), CONTAINER_ID, async () => CONSUMER)
    assert.deepEqual(asked, [[CONTAINER_ID, CONSUMER, undefined]])
  })
})

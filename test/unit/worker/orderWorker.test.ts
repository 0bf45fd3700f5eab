import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KeyPairMaker } from '../../../src/domain/ports/crypto.ts'
import { unavailable } from '../../../src/lib/fault.ts'
import { anyPair, workerRoom } from './workerRoom.ts'

/** Hangs until it is aborted, and says that it began. */
function hangs() {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  let calls = 0
  const make: KeyPairMaker['make'] = (_recipe, _passphrase, signal) => {
    calls += 1
    begin()
    return new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
  return { make, begun, calls: () => calls }
}

/** Fails this often, then makes. */
function failsFirst(times: number, error: () => Error) {
  let calls = 0
  const make: KeyPairMaker['make'] = async (...args) => {
    calls += 1
    if (calls <= times) throw error()
    return anyPair(...args)
  }
  return { make, calls: () => calls }
}

describe('the order worker', () => {
  test('makes what waited before it started, and what came later when it is woken', async (t) => {
    const room = await workerRoom(t)
    const first = await room.place()
    const worker = room.worker({ make: anyPair, times: { lookEveryMs: 3_600_000 } })
    worker.start()
    await room.event('made')
    assert.equal((await room.order(first)).status, 'ACTIVE')
    const second = await room.place()
    await worker.workOnSoon(second)
    assert.equal((await room.order(second)).status, 'ACTIVE')
  })

  test('lets nobody wait longer than its patience, nor beyond its end', async (t) => {
    const room = await workerRoom(t)
    const never = (_recipe: unknown, _passphrase: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const worker = room.worker({ make: never, times: { patienceMs: 20 } })
    worker.start()
    const slow = await room.place()
    await worker.workOnSoon(slow)
    assert.equal((await room.order(slow)).status, 'PENDING')
    const patient = room.worker({ make: never, own: 'patient', times: { patienceMs: 3_600_000 } })
    patient.start()
    const waiting = patient.workOnSoon(await room.place())
    await patient.stop()
    await waiting
  })

  test('finds by itself what another process placed', async (t) => {
    const room = await workerRoom(t)
    room.worker({ make: anyPair }).start()
    await room.event('looked')
    const id = await room.place()
    await room.event('made')
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })

  test('does not write to the database while nothing waits', async (t) => {
    const room = await workerRoom(t)
    room.worker({ make: anyPair, tasks: { claim: () => assert.fail('it claimed') } }).start()
    await room.event('looked', 5)
    assert.ok(room.events.every(({ type }) => type === 'looked'))
  })

  test('ten workers over thirty orders make each once', async (t) => {
    const room = await workerRoom(t)
    const ids = []
    for (let i = 0; i < 30; i += 1) ids.push(await room.place())
    for (let i = 0; i < 10; i += 1) {
      room.worker({ make: anyPair, own: `worker-${i}` }).start()
    }
    await room.event('made', 30)
    for (const id of ids) assert.equal((await room.order(id)).status, 'ACTIVE')
    assert.equal(room.count('containers'), 30)
    assert.equal(room.count('secrets'), 60)
    assert.equal(room.count('order_tasks'), 0)
  })

  test('two workers on one order, the first of which did not renew: one container', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const slow: KeyPairMaker['make'] = async (...args) => {
      begin()
      await mayEnd
      return anyPair(...args)
    }
    room.worker({ make: slow, own: 'slow', times: { renewEveryMs: 3_600_000 } }).start()
    await begun
    room.worker({ make: anyPair, own: 'fast' }).start()
    await room.passStill(31)
    await room.event('made')
    const { containerId } = await room.order(id)
    end()
    await room.event('lost')
    assert.deepEqual(room.alarms, [])
    assert.equal((await room.order(id)).containerId, containerId)
    assert.equal(room.count('containers'), 1)
    assert.equal(room.count('secrets'), 2)
  })

  test('a lease is renewed while its pair is in the making, and work ends when it is lost', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, begun } = hangs()
    room.worker({ make, own: 'slow', times: { renewEveryMs: 5 } }).start()
    await begun
    const until = () => room.execute('select lease_until from order_tasks')[0]?.['lease_until']
    for (let i = 0; i < 10; i += 1) {
      const before = until()
      room.clock.advanceSeconds(1)
      const late = performance.now() + 60_000
      while (until() === before) {
        assert.ok(performance.now() < late, 'it was not renewed')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    room.execute("update order_tasks set lease_owner = 'other'")
    await room.event('lost')
    assert.equal((await room.order(id)).status, 'PENDING')
  })

  test('what is renewed is left alone, however often others look and whatever their clocks say', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, begun, calls } = hangs()
    room.worker({ make, own: 'slow', times: { renewEveryMs: 3_600_000 } }).start()
    await begun
    room.worker({ make: anyPair, own: 'hasty' }).start()
    await room.event('looked', 3)
    for (const step of [3600, -7200, 3600]) {
      room.clock.step(step)
      await room.event('looked', room.looks() + 3)
    }
    for (let i = 0; i < 5; i += 1) {
      await room.passStill(14)
      await room.database.orderTasks.renew(id, 'slow', room.clock.now())
      await room.event('looked', room.looks() + 2)
    }
    assert.equal((await room.order(id)).status, 'PENDING')
    assert.equal(calls(), 1)
    await room.passStill(31)
    await room.event('made')
  })

  test('who could not look for long does not take what it saw before', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, begun } = hangs()
    room.worker({ make, own: 'slow', times: { renewEveryMs: 3_600_000 } }).start()
    await begun
    room.worker({ make: anyPair, own: 'sleeper' }).start()
    await room.event('looked', 3)
    room.clock.advanceSeconds(3600)
    await room.event('looked', room.looks() + 3)
    assert.equal((await room.order(id)).status, 'PENDING')
  })

  test('a failure under a clock that is an hour ahead costs the order a minute, not an hour', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    room.clock.step(3600)
    const { make } = failsFirst(1, () => new Error('it died'))
    const worker = room.worker({ make, times: { retryAfterMs: 2_000 } })
    worker.start()
    await room.event('released')
    room.clock.step(-3600)
    await room.passStill(58)
    assert.equal((await room.order(id)).status, 'PENDING')
    await room.passStill(4)
    await room.event('made')
  })

  test('what a dead process held is taken over at once, without waiting for its lease', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, begun } = hangs()
    room.worker({ make, own: 'dead', times: { renewEveryMs: 3_600_000 } }).start()
    await begun
    room.worker({ make: anyPair, own: 'alive', isDead: (owner) => owner === 'dead' }).start()
    assert.equal((await room.event('freed')).owner, 'dead')
    await room.event('made')
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })

  test('stopping gives the order back at once, and it costs nothing', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, begun } = hangs()
    const worker = room.worker({ make })
    worker.start()
    await begun
    await worker.stop()
    assert.equal((await room.event('released')).error, undefined)
    const [task] = room.execute('select lease_owner, attempts from order_tasks')
    assert.deepEqual({ ...task }, { lease_owner: null, attempts: 0 })
    room.worker({ make: anyPair, own: 'b' }).start()
    await room.event('made')
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })

  test('a worker that never started, or has nothing to do, stops', async (t) => {
    const room = await workerRoom(t)
    await room.worker({ make: anyPair }).stop()
    const idle = room.worker({ make: anyPair, times: { lookEveryMs: 3_600_000 } })
    idle.start()
    await room.event('looked')
    await idle.stop()
  })

  test('a maker that fails is tried again, and after ten failures the order is in ERROR 500', async (t) => {
    const room = await workerRoom(t)
    const lucky = await room.place()
    const { make, calls } = failsFirst(9, () => new Error('it died'))
    const worker = room.worker({ make })
    worker.start()
    await room.event('made')
    assert.equal(calls(), 10)
    assert.equal((await room.order(lucky)).status, 'ACTIVE')
    await worker.stop()

    const id = await room.place()
    const never = failsFirst(Number.POSITIVE_INFINITY, () => new Error('it died'))
    room.worker({ make: never.make }).start()
    await room.event('failed')
    assert.equal(never.calls(), 10)
    const order = await room.order(id)
    assert.equal(order.status, 'ERROR')
    assert.equal(order.errorStatusCode, '500')
    assert.match(
      String(order.errorReason),
      /^Process TypeOrder failure seen - no key pair came of many attempts\.$/,
    )
    assert.equal(order.subStatus, null)
    assert.equal(order.containerId, null)
    assert.equal(room.count('order_tasks'), 0)
    assert.equal(room.count('containers'), 1)
  })

  test('a hundred processes may die under a task; then it ends without being tried once more', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const claim = async () => {
      await room.database.orderTasks.releaseAllOf('dead')
      return room.database.orderTasks.claim('dead', room.clock.now(), room.clock.now())
    }
    for (let i = 0; i < 99; i += 1) assert.ok((await claim()) !== undefined)
    await room.database.orderTasks.releaseAllOf('dead')
    const lucky = room.worker({ make: anyPair })
    lucky.start()
    await room.event('made')
    await lucky.stop()
    assert.equal((await room.order(id)).status, 'ACTIVE')

    const other = await room.place()
    for (let i = 0; i < 100; i += 1) assert.ok((await claim()) !== undefined)
    await room.database.orderTasks.releaseAllOf('dead')
    room.worker({ make: () => assert.fail('it was tried') }).start()
    await room.event('failed')
    assert.equal((await room.order(other)).status, 'ERROR')
  })

  test('a KEK store that is away costs nothing, however long it is', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const { make, calls } = failsFirst(25, () => unavailable('The KEK store is away.'))
    room.worker({ make }).start()
    await room.event('made')
    assert.equal(calls(), 26)
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })

  test('a database that is away is asked again, by itself', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    let away = 3
    const look = async () => {
      away -= 1
      if (away >= 0) throw unavailable('The database is away.')
      return room.database.orderTasks.look()
    }
    room.worker({ make: anyPair, tasks: { look } }).start()
    await room.event('made')
    assert.equal((await room.order(id)).status, 'ACTIVE')
    assert.equal(room.events.filter(({ type }) => type === 'blocked').length, 3)
  })

  test('a result whose commit was answered with an error is found, not made again', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    let calls = 0
    const settle: typeof room.database.orderTasks.settle = async (...args) => {
      await room.database.orderTasks.settle(...args)
      throw unavailable('The change may or may not be written.')
    }
    const make: KeyPairMaker['make'] = async (...args) => {
      calls += 1
      return anyPair(...args)
    }
    room.worker({ make, tasks: { settle } }).start()
    await room.event('released')
    await room.event('looked', 3)
    assert.equal((await room.order(id)).status, 'ACTIVE')
    assert.equal(calls, 1)
    assert.equal(room.count('containers'), 1)
  })

  test('a project key that was replaced meanwhile is noticed, and the pair sealed again', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    let calls = 0
    const outcomes: string[] = []
    const settle: typeof room.database.orderTasks.settle = async (...args) => {
      const outcome =
        outcomes.length < 2 ? 'keyGone' : await room.database.orderTasks.settle(...args)
      outcomes.push(outcome)
      return outcome
    }
    const make: KeyPairMaker['make'] = async (...args) => {
      calls += 1
      return anyPair(...args)
    }
    room.worker({ make, tasks: { settle } }).start()
    await room.event('made')
    assert.deepEqual(outcomes, ['keyGone', 'keyGone', 'settled'])
    assert.equal(calls, 1)
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })

  test('keys and passphrase are wiped, whether they were stored or not', async (t) => {
    const room = await workerRoom(t)
    const handled: Uint8Array[] = []
    const make: KeyPairMaker['make'] = async (recipe, passphrase, signal) => {
      const pair = await anyPair(recipe, undefined, signal)
      assert.equal(String(passphrase), 'canary')
      handled.push(pair.privateKey, pair.publicKey, passphrase ?? assert.fail())
      return pair
    }
    await room.place('canary')
    const worker = room.worker({ make })
    worker.start()
    await room.event('made')
    await worker.stop()
    const gone = await room.place('canary')
    const deletes: KeyPairMaker['make'] = async (...args) => {
      await room.remove(gone)
      return make(...args)
    }
    room.worker({ make: deletes }).start()
    await room.event('lost')
    assert.equal(handled.length, 6)
    for (const bytes of handled) assert.ok(bytes.every((byte) => byte === 0))
  })
})

describe('somebody writes to the queue by hand', () => {
  const hands: readonly (readonly [string, string, RegExp])[] = [
    ['makes another project the owner', "update orders set project_id = 'q'", /MAC/],
    ['asks for another algorithm', `update orders set meta = replace(meta, 'rsa', 'dsa')`, /MAC/],
    [
      'takes the wish for a passphrase out of the order',
      `update orders set meta = replace(meta, '********', '')`,
      /MAC/,
    ],
    ['names another creator', "update orders set creator_id = 'mallory'", /MAC/],
    ['takes the MAC away', 'update orders set row_mac = null', /MAC/],
    ['writes bytes for a text', "update orders set creator_id = x'05'", /column creator_id/],
  ]
  for (const [what, sql, alarm] of hands) {
    test(`${what}: an alarm, no pair, and the order waits for an operator`, async (t) => {
      const room = await workerRoom(t)
      await room.place('canary')
      const [before] = room.execute('select * from orders')
      room.execute(sql)
      room.worker({ make: () => assert.fail('it was made') }).start()
      const { error } = await room.event('parked')
      assert.match(error.message, alarm)
      await room.event('looked', 5)
      assert.equal(room.events.filter(({ type }) => type === 'parked').length, 1)
      assert.equal(room.count('secrets'), 0)
      assert.equal(room.count('order_tasks'), 1)
      assert.equal(room.execute('select * from orders')[0]?.['status'], before?.['status'])
    })
  }

  for (const [what, tamper] of [
    ['takes the sealed passphrase away', 'update order_tasks set sealed_input = null'],
    ['damages it', "update order_tasks set sealed_input = cast('x' as blob)"],
    ['writes text over it', "update order_tasks set sealed_input = 'canary'"],
    ['cuts it short', 'update order_tasks set sealed_input = substr(sealed_input, 1, 101)'],
    ['makes it empty', "update order_tasks set sealed_input = x''"],
  ] as const) {
    test(`${what}: an alarm and ERROR 500, never a key without encryption`, async (t) => {
      const room = await workerRoom(t)
      const id = await room.place('canary')
      room.execute(tamper)
      room.worker({ make: () => assert.fail('it was made') }).start()
      await room.event('failed')
      const order = await room.order(id)
      assert.equal(order.status, 'ERROR')
      assert.equal(order.errorStatusCode, '500')
      assert.ok(room.alarms.length > 0)
      assert.equal(room.count('secrets'), 0)
    })
  }

  test('moves the passphrase of another order over: an alarm and ERROR 500', async (t) => {
    const room = await workerRoom(t)
    const mine = await room.place('mine')
    const theirs = await room.place('theirs')
    room.execute(
      'update order_tasks set sealed_input = ' +
        '(select t.sealed_input from order_tasks t where t.order_id = ?) where order_id = ?',
      theirs,
      mine,
    )
    room.worker({ make: anyPair }).start()
    await room.event('failed')
    await room.event('made')
    assert.equal((await room.order(mine)).status, 'ERROR')
    assert.equal((await room.order(theirs)).status, 'ACTIVE')
    assert.equal(room.alarms.length, 1)
    assert.match(room.alarms[0]?.what ?? '', /does not open/)
  })

  test('breaks the columns of a task: the others are made, and it as well', async (t) => {
    const room = await workerRoom(t)
    await room.place()
    room.execute("update order_tasks set attempts = 'x', lease_owner = 5, created_at = ''")
    await room.place()
    room.worker({ make: anyPair }).start()
    await room.event('made', 2)
  })

  test('adds a passphrase that nobody asked for: it is not used', async (t) => {
    const room = await workerRoom(t)
    await room.place('theirs')
    const plain = await room.place()
    room.execute(
      'update order_tasks set sealed_input = ' +
        '(select t.sealed_input from order_tasks t where t.sealed_input is not null)',
    )
    const seen: unknown[] = []
    room
      .worker({
        make: (recipe, passphrase, signal) => {
          seen.push(passphrase?.toString())
          return anyPair(recipe, passphrase, signal)
        },
      })
      .start()
    await room.event('made', 2)
    assert.deepEqual(seen, ['theirs', undefined])
    assert.equal((await room.order(plain)).status, 'ACTIVE')
  })

  test('puts a task back for an order that is ACTIVE: an alarm, and it is not made twice', async (t) => {
    const room = await workerRoom(t)
    const id = await room.place()
    const [task] = room.execute('select * from order_tasks')
    room.worker({ make: anyPair }).start()
    await room.event('made')
    const columns = Object.keys(task ?? {})
    room.execute(
      `insert into order_tasks (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      ...Object.values(task ?? {}),
    )
    await room.event('parked')
    assert.equal(room.alarms.length, 1)
    assert.equal(room.count('containers'), 1)
    assert.equal((await room.order(id)).status, 'ACTIVE')
  })
})

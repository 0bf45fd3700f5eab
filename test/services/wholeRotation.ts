import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Configuration, Gatehouse } from '../peers/gatehouse.ts'
import { freshServerDatabase } from '../support/serverDatabase.ts'
import { startNodes, until } from '../support/severalNodes.ts'
import { PATIENCE_MS, type Pair, RotatingCloud, Traffic } from './rotatingCloud.ts'

/** Where the KEKs of a cloud are, and what its operator does there; the rest is done by the verbs. */
export interface KekPlace {
  readonly configuration: Configuration
  /** What `kek generate` says that there is to be done instead; left out where it makes the KEK. */
  readonly makesElsewhere?: RegExp
  /** Makes the KEK of this number, 2 or 3, beside the one before. @returns settings that name both */
  make?(number: number): Promise<Configuration>
  /** Brings the KEKs of the first node to the second, where nothing else does. */
  bring?(nodes: Pair): Promise<void>
  /** Settings in which the KEK of this number is the only one; left out where settings name none. */
  only?(number: number): Configuration
  /** Ends the KEK of this number for ever, where it is kept. */
  destroy?(number: number): Promise<void>
  /** Left out where it is in the process. */
  readonly away?: { takeAway(): Promise<void> | void; bringBack(): Promise<void> | void }
}

const PROJECTS = Array.from({ length: 12 }, (_, index) => `project ${index}`)

/** What a verb that is refused says, and its exit code. */
async function refusal(
  node: Gatehouse,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  try {
    return assert.fail(`${args.join(' ')} was not refused: ${await node.command(...args)}`)
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    if (typeof code !== 'number') throw error
    return { code, said: `${stdout}${stderr}` }
  }
}

/** Makes the KEK of this number and has both nodes know it. @returns its id */
async function makeKek(cloud: RotatingCloud, place: KekPlace, number: number): Promise<string> {
  const [first, second] = cloud.nodes
  const known = [...cloud.keksInUse(), cloud.current()]
  if (place.make === undefined) {
    const made = /KEK (\S+) \(/.exec(await first.command('kek', 'generate'))?.[1] ?? ''
    if (place.bring !== undefined) {
      await until(() => cloud.reporting(made) === 1, 'the first node does not report', PATIENCE_MS)
      assert.equal((await refusal(first, 'kek', 'promote')).code, 18)
      await place.bring(cloud.nodes)
    }
  } else {
    assert.match(
      (await refusal(first, 'kek', 'generate')).said,
      place.makesElsewhere ?? assert.fail('what does it say?'),
    )
    const settings = await place.make(number)
    await cloud.reconfigure(settings, first)
    const isTakenUp = () => cloud.newcomer(known, 1) !== undefined
    await until(isTakenUp, 'the first node does not take up its settings', PATIENCE_MS)
    const { code, said } = await refusal(first, 'kek', 'promote')
    assert.equal(code, 18, said)
    assert.match(said, new RegExp(`process ${second.pid}`))
    await cloud.reconfigure(settings, second)
  }
  let made: string | undefined
  await until(
    () => {
      made = cloud.newcomer(known, 2)
      return made !== undefined
    },
    'not both nodes report the KEK',
    PATIENCE_MS,
  )
  return made ?? ''
}

async function promote(cloud: RotatingCloud, place: KekPlace, made: string): Promise<void> {
  await cloud.nodes[0].command('kek', 'promote')
  await place.bring?.(cloud.nodes)
  await until(
    () => cloud.reporting(made, 'primary') === 2,
    'not both nodes wrap under the KEK',
    PATIENCE_MS,
  )
}

/** @returns the job, which the nodes work off */
async function beginRewrap(node: Gatehouse, ...options: readonly string[]): Promise<string> {
  const said = await node.command('kek', 'rewrap', '--detach', ...options)
  return said.split('\n')[0] ?? ''
}

async function ended(cloud: RotatingCloud, job: string): Promise<void> {
  const isOver = () => cloud.done(job).state !== 'running'
  await until(isOver, 'the job does not come to its end', 2 * PATIENCE_MS)
  assert.equal(cloud.done(job).state, 'done')
}

/** Whole rotations of a KEK, online, on two nodes: the one under traffic, the other with everything that goes wrong. */
export function wholeRotation(
  name: string,
  open: (t: TestContext) => Promise<KekPlace>,
  skip: string | false = false,
): void {
  test(`whole rotations of a KEK: ${name}`, { skip, timeout: 1_500_000 }, async (t) => {
    const place = await open(t)
    const database = await freshServerDatabase('postgresql')
    t.after(() => database.drop())
    const { nodes, caller } = await startNodes(t, [database.url, database.url], {
      // Strict: each use of a project key asks the keeper.
      project_keys: { cache_ttl: '0' },
      // A machine that is busy with others is no overload of these two.
      gatehouse: { loop_delay_limit_ms: '0' },
      ...place.configuration,
    })
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    const cloud = new RotatingCloud([first, second], database)
    const owners = await Promise.all(PROJECTS.map((project) => caller(project, ['creator'])))
    for (const [index, owner] of owners.entries()) {
      await cloud.store(owner, index % 2 === 0 ? first : second, `payload ${index}`)
    }

    await t.test(
      'made, known, promoted, rewrapped, retired, destroyed; no request is lost',
      async () => {
        const old = cloud.current()
        const traffic = new Traffic(cloud)
        const made = await makeKek(cloud, place, 2)
        await traffic.goesOn()
        assert.deepEqual(cloud.keksInUse(), [old])
        await promote(cloud, place, made)
        await traffic.goesOn()
        assert.match(
          (await refusal(first, 'kek', 'retire', old)).said,
          /project keys are under KEK/,
        )
        await ended(cloud, await beginRewrap(first))
        assert.deepEqual(cloud.keksInUse(), [made])
        await first.command('kek', 'retire', old)
        await place.bring?.(cloud.nodes)
        await until(() => cloud.reporting(old, 'retired') === 2, 'not retired on both', PATIENCE_MS)
        await traffic.goesOn()
        const soon = await refusal(first, 'kek', 'destroy', old)
        if (place.only === undefined) assert.match(soon.said, /kek_retention has not passed/)
        else {
          assert.match(soon.said, /is still named by:\n {2}the settings of this command\n/)
          await cloud.reconfigure(place.only(2), first, second)
          await until(() => cloud.reporting(old) === 0, 'a node still names it', PATIENCE_MS)
        }
        await first.command('kek', 'destroy', old, '--force')
        await place.bring?.(cloud.nodes)
        await place.destroy?.(1)
        await traffic.goesOn()
        await traffic.end()
        await cloud.assertAllOpens()
        await Promise.all(nodes.map((node) => node.restart()))
        await cloud.assertAllOpens()
        assert.match(await second.command('kek', 'status'), /\nprimary .* 2 of 2 +yes/)
      },
    )

    await t.test(
      'a rewrap whose keeper goes away and whose node is killed comes to its end',
      async () => {
        const made = await makeKek(cloud, place, 3)
        await promote(cloud, place, made)
        const job = await beginRewrap(first, '--rate', '1')
        const isBegun = () => cloud.done(job).done > 0
        await until(isBegun, 'nobody works on the job', PATIENCE_MS)
        if (place.away !== undefined) {
          await place.away.takeAway()
          const isStuck = () => cloud.done(job).trouble !== null
          await until(isStuck, 'the job does not say that its keeper is away', PATIENCE_MS)
          assert.equal(cloud.done(job).state, 'running')
          await place.away.bringBack()
        }
        const holder = (await first.logs()).includes(job) ? first : second
        const other = holder === first ? second : first
        await holder.kill()
        assert.equal(cloud.keksInUse().length, 2, 'the job was to be in its middle')
        await ended(cloud, job)
        assert.match(await other.command('jobs', 'show', job), /failed {6}0/)
        assert.deepEqual(cloud.keksInUse(), [made])
        await holder.startAgain()
        await cloud.assertAllOpens()
      },
    )
    for (const node of nodes) assert.doesNotMatch(await node.logs(), /"level":"fatal"/)
  })
}

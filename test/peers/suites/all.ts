/**
 * The peers' own suites, from Debian's packages or from clones, against a Gatehouse in each of the
 * stages they know, beside one real Keystone. Every test of theirs that passes, or fails without being known
 * to, is a test here; what is known to fail or skips itself is compared with `expected/`.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { freePort } from '../freePort.ts'
import { Gatehouse } from '../gatehouse.ts'
import { Keystone } from '../keystone.ts'
import { PeerDatabases } from '../peerDatabases.ts'
import { disagreements, expectationOf, scoreOf } from './expectation.ts'
import { optionsOf } from './options.ts'
import { nameOf, RUNS, type Run, SUITES } from './runs.ts'
import { STAGES, type StageName } from './stages.ts'
import { type Outcome, outcomes } from './stestr.ts'
import { SuiteCloud } from './suiteCloud.ts'
import { versionOf } from './version.ts'

const options = optionsOf(process.argv.slice(2))
const clones = options.clones === undefined ? undefined : resolve(options.clones)
const source = clones === undefined ? 'debian' : 'clones'
const runs = RUNS.filter(
  (run) =>
    run.source === source &&
    options.suites.includes(run.suite) &&
    options.stages.includes(run.stage),
)
if (runs.length === 0) throw new Error('no run is like that')

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-suites-'))
await mkdir(join(folder, 'keystone'))
const keystone = await Keystone.create(join(folder, 'keystone'), { threads: 1 })
const port = await freePort()
const cloud = await SuiteCloud.bootstrap(keystone, `http://127.0.0.1:${port}`)
const table: string[] = []
const databases = new PeerDatabases()

const startGatehouse = async (name: StageName): Promise<Gatehouse> =>
  Gatehouse.start({
    name,
    folder,
    port,
    configuration: await databases.within({
      keystone_authtoken: {
        www_authenticate_uri: cloud.keystoneUrl,
        auth_url: cloud.keystoneUrl,
        auth_type: 'password',
        username: 'barbican',
        password: cloud.password,
        project_name: 'service',
        user_domain_name: 'Default',
        project_domain_name: 'Default',
        region_name: 'RegionOne',
        service_token_roles: 'service',
        service_token_roles_required: 'true',
      },
      ...STAGES[name].configuration,
    }),
  })

const told = (test: string, detail: string): Error => {
  const error = new Error(detail)
  // The stack that matters is Python's and stands in the message.
  error.stack = `${test}\n${detail}`
  return error
}

const perform = async (t: TestContext, run: Run): Promise<void> => {
  const name = nameOf(run)
  const suite = SUITES[run.suite]
  const expected = expectationOf(name)
  const version = await versionOf(suite, clones)
  if (version !== expected.version)
    t.diagnostic(`${name}: this is ${version}, what is expected is of ${expected.version}`)
  const own = join(folder, name)
  await mkdir(join(own, 'stestr'), { recursive: true })
  const prepared = await suite.prepare({ cloud, stage: STAGES[run.stage], folder: own, clones })
  const all: Outcome[] = []
  const begun = performance.now()
  try {
    for await (const outcome of outcomes(own, prepared, t.signal)) {
      all.push(outcome)
      const { test, end, detail } = outcome
      if (end === 'skip' || (end === 'fail' && Object.hasOwn(expected.fails, test))) continue
      await t.test(test, () => {
        if (end === 'fail') throw told(test, detail)
      })
    }
  } finally {
    await prepared.after?.()
    const { passed, failed, skipped } = scoreOf(all)
    const seconds = Math.round((performance.now() - begun) / 1000)
    table.push(
      `${name}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s; ${version}`,
    )
    if (options.results !== undefined) {
      await mkdir(options.results, { recursive: true })
      await writeFile(join(options.results, `${name}.json`), JSON.stringify(all, null, 1))
    }
  }
  await t.test(`${name} scores what is expected`, () =>
    assert.deepEqual(disagreements(expected, all), []),
  )
}

for (const stage of Object.keys(STAGES) as StageName[]) {
  const here = runs.filter((run) => run.stage === stage)
  if (here.length === 0) continue
  describe(`a Gatehouse in the stage '${stage}'`, () => {
    let gatehouse: Gatehouse
    before(async () => {
      gatehouse = await startGatehouse(stage)
    })
    for (const run of here)
      it(nameOf(run), { timeout: run.minutes * 60_000 }, async (t) => perform(t, run))
    it('writes no error, answers no 500, and exits 0 when asked to', async () => {
      assert.deepEqual(await gatehouse.stop(), { code: 0, signal: null })
      const lines = (await gatehouse.logs()).split('\n')
      const bad = lines.filter((line) => /"level":"(?:error|fatal)"|"status":500\b/.test(line))
      assert.deepEqual(bad.slice(0, 5), [])
    })
    after(async () => gatehouse.stop())
  })
}

after(async () => {
  await keystone.stop()
  await databases.drop()
  process.stdout.write(`${table.join('\n')}\n`)
})

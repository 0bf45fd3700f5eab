import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { openKeyringFile } from '../../src/crypto/kek/keyringFile.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'
import { type ServedHere, servedHere } from '../support/servedHere.ts'

type Env = ReturnType<typeof freshEnvironment>
type Row = Readonly<Record<string, unknown>>

const SECRETS = 12

/** A server in this process, with a project of a few secrets; and its verbs. */
class Cloud {
  readonly #env: Env
  readonly #server: ServedHere
  readonly #token: string
  readonly #refs: string[] = []

  private constructor(env: Env, server: ServedHere, token: string) {
    this.#env = env
    this.#server = server
    this.#token = token
  }

  static async open(t: Parameters<typeof freshEnvironment>[0]): Promise<Cloud> {
    const env = { ...freshEnvironment(t), OS_ROTATION__SETTLE_TIME: '1' }
    const server = await servedHere(env)
    const issue = runCli({ args: ['token', 'issue', '--project', 'p', '--role', 'creator'], env })
    assert.equal(await issue.code, 0)
    const cloud = new Cloud(env, server, issue.out().trim())
    for (let index = 0; index < SECRETS; index += 1) await cloud.store()
    return cloud
  }

  async store(): Promise<void> {
    const body = { payload: `payload ${this.#refs.length}`, payload_content_type: 'text/plain' }
    const answer = await fetch(`${this.#server.address}/v1/secrets`, {
      method: 'POST',
      headers: { 'x-auth-token': this.#token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 201)
    const { secret_ref: ref } = (await answer.json()) as { secret_ref: string }
    this.#refs.push(`${this.#server.address}${new URL(ref).pathname}`)
  }

  async assertAllOpens(): Promise<void> {
    for (const [index, ref] of this.#refs.entries()) {
      const headers = { 'x-auth-token': this.#token, accept: 'text/plain' }
      const answer = await fetch(`${ref}/payload`, { headers })
      assert.equal(await answer.text(), `payload ${index}`)
    }
  }

  async verb(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const run = runCli({ args, env: this.#env })
    const code = await run.code
    return { code, out: run.out(), err: run.err() }
  }

  /** What it prints when all is done. */
  async done(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.verb(...args)
    assert.equal(code, EXIT_CODES.done.code, `${args.join(' ')}: ${out}${err}`)
    return out
  }

  sql(statement: string, ...params: readonly unknown[]): readonly Row[] {
    const database = new Sqlite(join(this.#env.STATE_DIRECTORY, 'gatehouse.sqlite'), {
      timeout: 5_000,
    })
    try {
      const prepared = database.prepare<unknown[], Row>(statement)
      if (prepared.reader) return prepared.all(...params)
      prepared.run(...params)
      return []
    } finally {
      database.close()
    }
  }

  get keyring(): string {
    return join(this.#env.STATE_DIRECTORY, 'keyring')
  }

  log(): string {
    return readFileSync(this.#env.OS_DEFAULT__LOG_FILE, 'utf8')
  }

  async sighup(): Promise<void> {
    await this.#server.reload()
  }

  async until(isSo: () => boolean, what: string): Promise<void> {
    for (let waits = 0; waits < 1_000; waits += 1) {
      if (isSo()) return
      await delay(20)
    }
    throw new Error(what)
  }

  /** The primary KEK that the server says it has. */
  reportedPrimary(): string | undefined {
    const [row] = this.sql('select keks from nodes')
    const keks = JSON.parse(String(row?.['keks'] ?? '[]')) as { id: string; state: string }[]
    return keks.find(({ state }) => state === 'primary')?.id
  }

  async stop(): Promise<void> {
    this.#server.run.send('SIGTERM')
    assert.equal(await this.#server.run.code, 0)
  }
}

const idIn = (out: string): string => /KEK ([0-9a-f]{16})/.exec(out)?.[1] ?? ''

describe('rotation by its verbs, beside a server', () => {
  let cloud: Cloud
  const cleanUps: (() => void)[] = []
  before(async () => {
    cloud = await Cloud.open({ after: (work) => cleanUps.push(work) })
  })
  after(async () => {
    await cloud.stop()
    for (const cleanUp of cleanUps) cleanUp()
  })

  it('a dry run changes nothing', async () => {
    const everything = () =>
      ['project_keys', 'secrets', 'jobs', 'kek_canaries'].map((table) =>
        cloud.sql(`select * from ${table}`),
      )
    const before = everything()
    const keyring = readFileSync(cloud.keyring)
    assert.match(
      await cloud.done('rotate', 'project-keys', '--all', '--dry-run'),
      /^1 project keys/,
    )
    assert.match(await cloud.done('rotate', 'data-keys', '--dry-run'), /to move {5}0\n/)
    assert.match(await cloud.done('kek', 'rewrap', '--dry-run'), /^0 of 1 project keys/)
    assert.deepEqual(everything(), before)
    assert.deepEqual(readFileSync(cloud.keyring), keyring)
  })

  it('a KEK is made, reported, promoted, rewrapped under, and the old one retired and destroyed', async () => {
    const old = cloud.reportedPrimary() ?? ''
    const made = idIn(await cloud.done('kek', 'generate'))
    await cloud.sighup()
    await cloud.until(
      () => String(cloud.sql('select keks from nodes')[0]?.['keks']).includes(made),
      'the server does not report the KEK',
    )
    assert.match(
      await cloud.done('kek', 'status'),
      new RegExp(`decrypt-only .* 0 +1 of 1 +no +${made}`),
    )
    // Not before another one wraps, and not while keys are under it.
    assert.match((await cloud.verb('kek', 'retire', old)).out, /is primary/)
    await cloud.done('kek', 'promote')
    assert.equal(cloud.sql('select * from kek_canaries').length, 2)
    await cloud.sighup()
    await cloud.until(() => cloud.reportedPrimary() === made, 'the server does not wrap under it')
    await cloud.store()
    const early = await cloud.verb('kek', 'retire', old)
    assert.equal(early.code, EXIT_CODES.refused.code)
    assert.match(early.out, /1 project keys are under KEK/)
    assert.match(await cloud.done('kek', 'rewrap'), /state {7}done/)
    assert.deepEqual(
      cloud.sql('select kek_id from project_keys').map((row) => row['kek_id']),
      [made],
    )
    await cloud.assertAllOpens()
    await cloud.done('kek', 'retire', old)
    const soon = await cloud.verb('kek', 'destroy', old)
    assert.equal(soon.code, EXIT_CODES.refused.code)
    assert.match(soon.out, /kek_retention has not passed/)
    await cloud.done('kek', 'destroy', old, '--force')
    assert.equal(readFileSync(cloud.keyring, 'latin1').includes(old), false)
    await cloud.sighup()
    assert.match(await cloud.done('kek', 'status'), /primary .* 1 +1 of 1 +yes/)
    await cloud.assertAllOpens()
  })

  it('no KEK is promoted while a node that lives lacks it, and that node is named', async () => {
    const made = idIn(await cloud.done('kek', 'generate'))
    await cloud.sighup()
    cloud.sql("insert into nodes values ('elsewhere-1-1-1', 'far away process 7', '0.0', 0, '[]')")
    const beats = setInterval(
      () => cloud.sql("update nodes set beat = beat + 1 where id = 'elsewhere-1-1-1'"),
      50,
    )
    try {
      const before = readFileSync(cloud.keyring)
      const refused = await cloud.verb('kek', 'promote')
      assert.equal(refused.code, EXIT_CODES.nodes.code)
      assert.match(refused.out, /far away process 7/)
      assert.deepEqual(readFileSync(cloud.keyring), before)
      assert.match(await cloud.done('kek', 'promote', '--force'), /warning: far away process 7/)
      await cloud.sighup()
      await cloud.until(() => cloud.reportedPrimary() !== undefined, 'no report')
      const lagging = await cloud.verb('kek', 'rewrap')
      assert.equal(lagging.code, EXIT_CODES.nodes.code)
      assert.match(lagging.out, /far away process 7/)
    } finally {
      clearInterval(beats)
      cloud.sql("delete from nodes where id = 'elsewhere-1-1-1'")
    }
    assert.match(await cloud.done('kek', 'rewrap'), /state {7}done/)
    assert.deepEqual(
      cloud.sql('select kek_id from project_keys').map((row) => row['kek_id']),
      [made],
    )
  })

  it('a keyring that is broken, or whose primary KEK has no canary, is not taken up, and the log says so', async () => {
    const sound = readFileSync(cloud.keyring)
    const refusals = () => cloud.log().split('changed KEKs cannot be used').length - 1
    const put = async (bytes: Uint8Array) => {
      const copy = `${cloud.keyring}.new`
      writeFileSync(copy, bytes, { mode: 0o600 })
      await rename(copy, cloud.keyring)
    }
    await put(sound.subarray(0, 100))
    await cloud.sighup()
    await cloud.until(() => refusals() === 1, 'the broken keyring is not refused')
    await cloud.assertAllOpens()
    await cloud.store()
    await put(sound)
    const request = {
      path: cloud.keyring,
      protection: { kind: 'plain' },
      mayCreate: false,
    } as const
    const keyring = await openKeyringFile({ ...request, clock: systemClock() })
    const made = await keyring.generate()
    await keyring.promote(made.id)
    await cloud.sighup()
    await cloud.until(() => refusals() === 2, 'the keyring without canary is not refused')
    assert.match(cloud.log(), /no canary of it/)
    assert.notEqual(cloud.reportedPrimary(), made.id)
    await cloud.assertAllOpens()
    await put(sound)
    await cloud.sighup()
    assert.equal(refusals(), 2)
  })

  it('project keys and data keys follow, and what is damaged is named with exit code 16', async () => {
    assert.match(
      await cloud.done('rotate', 'project-keys', '--project', 'p'),
      /done {8}1 project keys/,
    )
    const report = await cloud.done('rotate', 'data-keys', '--verify', 'full')
    assert.match(report, /destroyed {3}1 project keys/)
    await cloud.assertAllOpens()
    const [victim] = cloud.sql('select id, creator_id from secrets limit 1')
    const id = String(victim?.['id'])
    cloud.sql("update secrets set creator_id = 'mallory' where id = ?", id)
    await cloud.done('rotate', 'project-keys', '--older-than', '0s')
    const failed = await cloud.verb('rotate', 'data-keys')
    assert.equal(failed.code, EXIT_CODES.incomplete.code)
    assert.match(failed.out, new RegExp(`secret ${id}: .*row MAC does not match`))
    assert.equal(cloud.sql('select * from project_keys').length, 2)
    cloud.sql('update secrets set creator_id = ? where id = ?', victim?.['creator_id'], id)
    await cloud.done('rotate', 'data-keys')
    assert.equal(cloud.sql('select * from project_keys').length, 1)
    await cloud.assertAllOpens()
  })

  it('formats are counted, found to be those of this release, and not touched', async () => {
    const before = cloud.sql('select * from secrets order by id')
    const sealed = before.filter(({ envelope }) => envelope !== null).length
    assert.equal(
      await cloud.done('rotate', 'formats', '--dry-run'),
      `format 1    ${sealed}, that of this release\nNothing was changed.\n`,
    )
    const report = await cloud.done('rotate', 'formats')
    assert.match(report, /state {7}done/)
    assert.match(report, /verified {4}0\n/)
    assert.deepEqual(cloud.sql('select * from secrets order by id'), before)
  })

  it('no format is changed while a server of another release lives, and that one is named', async () => {
    const jobs = cloud.sql('select * from jobs').length
    cloud.sql("insert into nodes values ('elsewhere-1-1-1', 'old process 7', '0.0', 0, '[]')")
    const beats = setInterval(
      () => cloud.sql("update nodes set beat = beat + 1 where id = 'elsewhere-1-1-1'"),
      50,
    )
    try {
      const refused = await cloud.verb('rotate', 'formats')
      assert.equal(refused.code, EXIT_CODES.nodes.code)
      assert.match(refused.out, /^Of another release than this one .*: old process 7\. Upgrade/)
      assert.equal(cloud.sql('select * from jobs').length, jobs)
    } finally {
      clearInterval(beats)
      cloud.sql("delete from nodes where id = 'elsewhere-1-1-1'")
    }
  })

  it('what is in a newer format is named with exit code 16, and stays as it is', async () => {
    const [victim] = cloud.sql('select id, envelope from secrets order by id limit 1')
    const id = String(victim?.['id'])
    const newer = Buffer.from(victim?.['envelope'] as Uint8Array)
    newer[0] = 2
    cloud.sql('update secrets set envelope = ? where id = ?', newer, id)
    assert.match(
      await cloud.done('rotate', 'formats', '--dry-run'),
      /^format 2 {4}1, newer than this release: they do not open here$/m,
    )
    const failed = await cloud.verb('rotate', 'formats')
    assert.equal(failed.code, EXIT_CODES.incomplete.code)
    const what = 'envelope is in the newer format 2, and this release opens formats up to 1'
    assert.ok(failed.out.includes(`  secret ${id}: The stored secret ${id}: ${what}.`), failed.out)
    assert.ok(cloud.log().includes(what), 'no alarm says so')
    cloud.sql('update secrets set envelope = ? where id = ?', victim?.['envelope'], id)
    await cloud.done('rotate', 'formats')
    await cloud.assertAllOpens()
  })

  it('a job is detached, paused with exit code 17, resumed, and one at a time', async () => {
    await cloud.done('rotate', 'project-keys', '--all')
    const [id = ''] = (await cloud.done('rotate', 'data-keys', '--detach', '--rate', '1')).split(
      '\n',
    )
    const watching = cloud.verb('jobs', 'watch', id)
    const second = await cloud.verb('rotate', 'data-keys')
    assert.equal(second.code, EXIT_CODES.refused.code)
    assert.match(second.err, new RegExp(`Job ${id} .*has not come to its end`))
    await cloud.done('jobs', 'pause', id)
    assert.equal((await watching).code, EXIT_CODES.unfinished.code)
    assert.match(await cloud.done('jobs', 'list'), new RegExp(`^${id}  paused`))
    await cloud.done('jobs', 'resume', id.slice(0, 8))
    await cloud.done('jobs', 'cancel', id)
    assert.equal((await cloud.verb('jobs', 'resume', id)).code, EXIT_CODES.refused.code)
    assert.equal((await cloud.verb('jobs', 'watch', id)).code, EXIT_CODES.unfinished.code)
    assert.match(await cloud.done('rotate', 'data-keys'), /state {7}done/)
    await cloud.assertAllOpens()
  })

  it('what makes no sense is refused with a sentence that says what would', async () => {
    const cases = [
      [['rotate', 'project-keys'], /Say which/],
      [['rotate', 'project-keys', '--older-than', 'soon'], /90d/],
      [['rotate', 'data-keys', '--rate', 'fast'], /200\/s/],
      [['project', 'move', 'p', '--to', 'x'], /Several secret stores are not enabled/],
      [['kek', 'retire', 'ffff'], /No KEK of keyring/],
      [['kek', 'promote', '--store', 'x'], /There is no KEK store x; there are keyring/],
      [['jobs', 'show', 'ffff'], /There is no job ffff/],
    ] as const
    for (const [args, sentence] of cases) {
      const { code, err } = await cloud.verb(...args)
      assert.equal(code, EXIT_CODES.usage.code, args.join(' '))
      assert.match(err, sentence)
    }
  })
})

describe('rotation by its verbs, without a server', () => {
  it('says where there is no database', async (t) => {
    const env = freshEnvironment(t)
    const { done, refused } = EXIT_CODES
    for (const [args, { code }] of [
      [['jobs', 'list'], done],
      [['rotate', 'data-keys'], done],
      [['kek', 'generate'], refused],
    ] as const) {
      const run = runCli({ args, env })
      assert.equal(await run.code, code, args.join(' '))
      assert.match(run.out(), /no database .* yet/)
    }
  })
})

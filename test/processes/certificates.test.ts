import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'
import { type MadeCertificate, makeCertificate } from '../support/storedCertificates.ts'

const DAY_MS = 86_400_000
const from = '2000-01-01T00:00:00Z'

/** So many days from now, and a little more, so that whole days are what is said. */
function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS + 3_600_000).toISOString()
}

/** A server, and what its clients stored there. */
async function cloud(t: TestContext) {
  const past = await pastCloud(t, 0)
  const { ask, env, execute } = past
  const store = async (payload: string, fields: object = {}): Promise<string> => {
    const body = { payload, payload_content_type: 'text/plain', secret_type: 'certificate' }
    const answer = await ask('POST', '/v1/secrets', { ...body, ...fields })
    assert.equal(answer.status, 201)
    return String(((await answer.json()) as { secret_ref: string }).secret_ref)
  }
  const contain = async (members: Readonly<Record<string, string>>): Promise<string> => {
    const refs = Object.entries(members).map(([name, ref]) => ({ name, secret_ref: ref }))
    const answer = await ask('POST', '/v1/containers', { type: 'certificate', secret_refs: refs })
    assert.equal(answer.status, 201)
    return String(((await answer.json()) as { container_ref: string }).container_ref).slice(-36)
  }
  const certificates = async (...args: readonly string[]) => {
    const run = runCli({ args: ['certificates', ...args], env })
    return { code: await run.code, out: run.out(), err: run.err() }
  }
  /** As if a release had stored them that did not look. */
  const forget = () => execute('delete from certificate_facts')
  return { ...past, store, contain, certificates, forget }
}

describe('gatehouse certificates', () => {
  it('says so where there is no database yet', async (t) => {
    const run = runCli({ args: ['certificates', 'list'], env: freshEnvironment(t) })
    assert.equal(await run.code, 0)
    assert.match(run.out(), /There is no database at/)
  })

  it('lists them by their end, with no keyring at hand, and as JSON', async (t) => {
    const { certificates, store, env } = await cloud(t)
    assert.equal((await certificates('list')).out, 'There is no such certificate.\n')
    const root = await makeCertificate('root', { isCa: true, from, until: inDays(400) })
    const leaf = await makeCertificate('leaf', { by: root, from, until: inDays(20) })
    const garbage = (await store('garbage')).slice(-36)
    const ids = [await store(root.pem), await store(leaf.pem)].map((ref) => ref.slice(-36))
    await store(leaf.keyPem, { secret_type: 'private' })
    renameSync(join(env.STATE_DIRECTORY, 'keyring'), join(env.STATE_DIRECTORY, 'away'))
    const { code, out, err } = await certificates('list')
    assert.equal(code, 0, err)
    const rows = out.trimEnd().split('\n')
    assert.match(rows[0] ?? '', /^until +days +project +secret +warnings$/)
    assert.match(
      rows[1] ?? '',
      new RegExp(`^[-:T\\d]+  20    p        ${ids[1]}  expires_soon, chain_missing$`),
    )
    assert.match(rows[2] ?? '', new RegExp(`^[-:T\\d]+  400   p        ${ids[0]}  -$`))
    assert.match(rows[3] ?? '', new RegExp(`^-  +-  +p  +${garbage}  unreadable$`))
    assert.equal(rows.length, 4)
    const soon = JSON.parse((await certificates('list', '--expires-within', '30d', '--json')).out)
    assert.deepEqual(
      soon.map((one: Record<string, unknown>) => [one['secret_id'], one['days_left'], one['kind']]),
      [[ids[1], 20, 'certificate']],
    )
    assert.deepEqual(JSON.parse((await certificates('list', '--project', 'q', '--json')).out), [])
  })

  it('refuses a time that is none', async (t) => {
    const { certificates } = await cloud(t)
    const run = await certificates('list', '--expires-within', 'soon')
    assert.equal(run.code, EXIT_CODES.usage.code)
    assert.match(run.err, /A time such as 12h or 30d is wanted/)
  })

  it('finds what is wrong with certificates and containers, and ends with 1', async (t) => {
    const { certificates, store, contain } = await cloud(t)
    const root = await makeCertificate('root', { isCa: true, from, until: inDays(400) })
    const leaf = await makeCertificate('leaf', { by: root, from, until: inDays(100) })
    const [certificate, intermediates] = [await store(leaf.pem), await store(root.pem)]
    const fine = await contain({ certificate, intermediates })
    const sound = await certificates('check')
    assert.equal(sound.code, 0, sound.out)
    assert.equal(sound.out, 'Nothing is wrong with any certificate.\n')
    // What ends soon is for whoever asks to say.
    const strict = await certificates('check', '--expires-within', '101d')
    assert.equal(strict.code, EXIT_CODES.refused.code)
    assert.match(
      strict.out,
      new RegExp(`^[-:T\\d]+  100   p        ${certificate.slice(-36)}  expires_soon$`, 'm'),
    )
    assert.ok(strict.out.includes(fine))
    const foreign = await store(root.keyPem, { secret_type: 'private' })
    const mismatched = await contain({ certificate, private_key: foreign, intermediates })
    const ended = await store((await ending(root)).pem)
    const run = await certificates('check', '--json')
    assert.equal(run.code, EXIT_CODES.refused.code)
    const { secrets, containers, not_looked_at: unseen } = JSON.parse(run.out)
    assert.deepEqual(
      secrets.map((one: Told) => [one.secret_id, one.warnings.map(({ code }) => code)]),
      [[ended.slice(-36), ['expired', 'chain_missing']]],
    )
    assert.deepEqual(
      containers.map((one: Told) => [one.container_id, one.warnings.map(({ code }) => code)]),
      [[mismatched, ['key_mismatch']]],
    )
    assert.equal(unseen, 0)
  })

  it('looks with --all at what was stored before, beside the running server, once', async (t) => {
    const { certificates, store, count, forget, execute, ask } = await cloud(t)
    const root = await makeCertificate('root', { isCa: true, from, until: inDays(400) })
    const leaf = await makeCertificate('leaf', { from, until: inDays(100) })
    await store(root.pem)
    await store(leaf.pem, { secret_type: 'opaque' })
    const key = await store(leaf.keyPem, { secret_type: 'private' })
    const opaque = await store('no certificate', { secret_type: 'opaque' })
    const rows = execute('select * from certificate_facts order by secret_id')
    forget()
    const before = await certificates('check')
    assert.equal(before.code, EXIT_CODES.refused.code)
    assert.match(before.out, /^1 certificate was stored by a release that did not look: --all/m)
    const run = await certificates('check', '--all')
    assert.equal(run.code, 0, run.out + run.err)
    // One opaque secret was there before.
    assert.match(run.out, /^looked at {3}5 payloads stored before$/m)
    assert.match(run.out, /^found {7}3 certificates and keys$/m)
    assert.deepEqual(execute('select * from certificate_facts order by secret_id'), rows)
    assert.equal(count('certificate_surveys'), 0)
    const again = await certificates('check', '--all')
    assert.match(again.out, /^looked at {3}2 payloads/m)
    const payload = await ask('GET', `${new URL(opaque).pathname}/payload`)
    assert.equal(await payload.text(), 'no certificate')
    const known = await ask('GET', `${new URL(key).pathname}/certificate`)
    assert.equal(known.status, 200)
  })

  it('tells of a record that does not open, keeps what it found, and ends with 1', async (t) => {
    const { certificates, store, forget, execute, count } = await cloud(t)
    const root = await makeCertificate('root', { isCa: true, from, until: inDays(400) })
    const damaged = (await store(root.pem)).slice(-36)
    await store(root.pem)
    forget()
    execute("update secrets set creator_id = 'mallory' where id = ?", damaged)
    const run = await certificates('check', '--all')
    assert.equal(run.code, EXIT_CODES.refused.code)
    assert.match(run.out, /^damaged {5}1:$/m)
    assert.ok(run.out.includes(`  secret ${damaged}: row MAC does not match`))
    assert.equal(count('certificate_facts'), 1)
  })

  it('goes on where it was interrupted', async (t) => {
    const { certificates, store, forget, count, env } = await cloud(t)
    const root = await makeCertificate('root', { isCa: true, from, until: inDays(400) })
    for (let i = 0; i < 120; i += 1) await store(root.pem)
    forget()
    const run = runCli({ args: ['certificates', 'check', '--all'], env })
    // It is heard after the first batch.
    while (count('certificate_facts') === 0) {
      run.send('SIGINT')
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(await run.code, EXIT_CODES.refused.code)
    assert.match(run.err(), /what was looked at is kept, and the next run goes on from there/)
    // The first batch held an opaque secret as well.
    assert.equal(count('certificate_facts'), 99)
    assert.equal(count('certificate_surveys'), 1)
    const rest = await certificates('check', '--all')
    assert.equal(rest.code, 0, rest.err)
    assert.match(rest.out, /^looked at {3}21 payloads/m)
    assert.equal(count('certificate_facts'), 120)
    assert.equal(count('certificate_surveys'), 0)
  })
})

interface Told {
  readonly secret_id?: string
  readonly container_id?: string
  readonly warnings: readonly { readonly code: string }[]
}

function ending(by: MadeCertificate): Promise<MadeCertificate> {
  return makeCertificate('ended', { by, from, until: '2020-01-01T00:00:00Z' })
}

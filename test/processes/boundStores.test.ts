import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { type Ask, restartedDeployment, storeSecret } from '../support/restartedDeployment.ts'

const EVERYBODYS = `[secretstore:software]
secret_store_plugin = store_crypto
crypto_plugin = simple_crypto
global_default = True
`
const several = (suffixes: string, ...sections: readonly string[]) =>
  `[secretstore]\nenable_multiple_secret_stores = True\nstores_lookup_suffix = ${suffixes}\n${sections.join('')}`
const ownedBy = (...projects: readonly string[]) =>
  several(
    'software, acme',
    EVERYBODYS,
    `[secretstore:acme]\nsecret_store_plugin = store_crypto\nname = Keys of Acme\nkek_store = keyring:acme\nprojects = ${projects.join(', ')}\n`,
  )
const BOUND = ownedBy('tenant')
const ALONE = several('software', EVERYBODYS)

type Deployment = ReturnType<typeof restartedDeployment>

const keysOf = (here: Deployment, project: string) =>
  here
    .rows(
      `select store, state from project_keys where project_id = '${project}' and state <> 'destroying' order by store`,
    )
    .map((row) => {
      const { store, state } = row as { readonly store: string; readonly state: string }
      return `${store} ${state}`
    })

async function read(ask: Ask, path: string, project: string): Promise<string | number> {
  const { status, text } = await ask('GET', path, undefined, project)
  return status === 200 ? text : status
}

/** A breaker rests between two looks: for as long as that takes. */
async function readSometime(ask: Ask, path: string, project: string): Promise<string | number> {
  const until = performance.now() + 120_000
  for (;;) {
    const answer = await read(ask, path, project)
    if (answer !== 503 || performance.now() > until) return answer
    await delay(100)
  }
}

/** What a tenant and somebody else stored before a store was bound, and since. */
async function cloud(here: Deployment) {
  const paths = { old: '', fresh: '', others: '' }
  await here.up('', async (ask) => {
    paths.old = await storeSecret(ask, 'old', 'tenant')
    paths.others = await storeSecret(ask, 'of others', 'other')
  })
  await here.up(BOUND, async (ask) => {
    assert.equal(await read(ask, paths.old, 'tenant'), 'old')
    paths.fresh = await storeSecret(ask, 'fresh', 'tenant')
    await storeSecret(ask, 'more of others', 'other')
  })
  return paths
}

describe('a KEK store that belongs to a tenant', () => {
  it('gets what is new, is told of what is not, and then has it all', async (t) => {
    const here = restartedDeployment(t)
    const { old, fresh, others } = await cloud(here)
    assert.deepEqual(keysOf(here, 'tenant'), ['keyring active', 'keyring:acme active'])
    assert.deepEqual(keysOf(here, 'other'), ['keyring active'])
    assert.match(
      readFileSync(here.log, 'utf8'),
      /"kekStore":"keyring:acme",.*"boundTo":"1 project"/,
    )

    const before = await here.verb(BOUND, 'kek', 'status')
    assert.match(before.out, /^bound {7}acme \(keyring:acme\) to 1 project; 1 projects have keys/m)
    assert.match(
      before.out,
      /^ {2}not moved: project tenant has keys in keyring: `gatehouse project move tenant --to acme`$/m,
    )
    const ill = await here.verb(BOUND, 'doctor')
    assert.match(
      ill.out,
      /Project tenant is bound to the secret store acme and has keys in keyring\./,
    )
    assert.match((await here.verb(BOUND, 'config', 'show')).out, /^projects = tenant$/m)

    for (const [project, store, sentence] of [
      ['tenant', 'software', /Project tenant is bound to the secret store acme\./],
      ['other', 'acme', /The secret store acme is bound, and project other is none of its/],
    ] as const) {
      const refused = await here.verb(BOUND, 'project', 'move', project, '--to', store)
      assert.equal(refused.code, EXIT_CODES.refused.code, refused.out)
      assert.match(refused.err, sentence)
    }
    const moved = await here.verb(BOUND, 'project', 'move', 'tenant', '--to', 'acme')
    assert.equal(moved.code, 0, moved.err)
    assert.deepEqual(keysOf(here, 'tenant'), ['keyring:acme active'])
    const after = await here.verb(BOUND, 'kek', 'status')
    assert.doesNotMatch(after.out, /not moved/)
    assert.doesNotMatch(
      (await here.verb(BOUND, 'doctor')).out,
      /is bound to the secret store acme and/,
    )
    await here.up(BOUND, async (ask) => {
      assert.equal(await read(ask, old, 'tenant'), 'old')
      assert.equal(await read(ask, fresh, 'tenant'), 'fresh')
      assert.equal(await read(ask, others, 'other'), 'of others')
    })
  })

  it('is gone: its secrets are shut and everybody is served; they open when it is back', async (t) => {
    const here = restartedDeployment(t)
    const { fresh, others } = await cloud(here)
    const [keyring, own] = [join(here.state, 'keyring'), join(here.state, 'keyring-acme')]
    renameSync(own, `${own}.kept`)
    await here.up(BOUND, async (ask) => {
      assert.equal(await read(ask, fresh, 'tenant'), 503)
      const body = { payload: 'x', payload_content_type: 'text/plain' }
      assert.equal((await ask('POST', '/v1/secrets', body, 'tenant')).status, 503)
      assert.equal(await read(ask, others, 'other'), 'of others')
      assert.equal(await read(ask, await storeSecret(ask, 'x', 'other'), 'other'), 'x')
      assert.ok(!existsSync(own), 'another keyring was made in its place')
      // Another one is none.
      copyFileSync(keyring, own)
      assert.equal(await read(ask, fresh, 'tenant'), 503)
      rmSync(own)
      renameSync(`${own}.kept`, own)
      assert.equal(await readSometime(ask, fresh, 'tenant'), 'fresh')
    })
    assert.match(
      readFileSync(here.log, 'utf8'),
      /"store":"keyring:acme".*"a KEK store does not answer/,
    )
    assert.doesNotMatch(readFileSync(here.log, 'utf8'), /"level":"fatal"/)
  })

  it('comes back before anybody missed it, and is said to be back', async (t) => {
    const here = restartedDeployment(t)
    const { fresh } = await cloud(here)
    const own = join(here.state, 'keyring-acme')
    renameSync(own, `${own}.kept`)
    await here.up(BOUND, async (ask) => {
      renameSync(`${own}.kept`, own)
      assert.equal(await read(ask, fresh, 'tenant'), 'fresh')
    })
    assert.match(
      readFileSync(here.log, 'utf8'),
      /"store":"keyring:acme".*"the KEK store answers again"/,
    )
  })

  it('is destroyed: exactly its secrets are gone for good, and it can be taken out', async (t) => {
    const here = restartedDeployment(t)
    const { old, others } = await cloud(here)
    await here.verb(BOUND, 'project', 'move', 'tenant', '--to', 'acme')
    rmSync(join(here.state, 'keyring-acme'))
    await here.up(BOUND, async (ask) => {
      assert.equal(await read(ask, old, 'tenant'), 503)
      assert.equal(await read(ask, others, 'other'), 'of others')
    })
    // Another node would be wrong to forget it while there is something under it.
    assert.match(await here.refusal(ALONE, 'keys'), /not configured \(keyring:acme: [0-9a-f]{32}\)/)
    const shredded = await here.verb(BOUND, 'project', 'shred', 'tenant', '--yes')
    assert.equal(shredded.code, 0, shredded.err)
    await here.up(ALONE, async (ask) => {
      assert.equal(await read(ask, old, 'tenant'), 404)
      assert.equal(await read(ask, others, 'other'), 'of others')
    })
  })

  it('is refused at the start while two of them name one project', async (t) => {
    const here = restartedDeployment(t)
    const second = `[secretstore:second]\nsecret_store_plugin = store_crypto\nname = Second\nkek_store = keyring:b\nprojects = x, tenant\n`
    const both = `${BOUND.replace('software, acme', 'software, acme, second')}${second}`
    const sentence = await here.refusal(both, 'settings')
    assert.match(
      sentence,
      /\[secretstore:second\] projects names tenant, and so does that of \[secretstore:acme\]/,
    )
    assert.ok(!existsSync(join(here.state, 'keyring')), 'a refused start made a keyring')
  })
})

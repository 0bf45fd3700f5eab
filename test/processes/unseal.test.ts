import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { SealedServer } from '../support/sealedServer.ts'
import { until } from '../support/severalNodes.ts'

const AWAY = 'a KEK store does not answer: what is in memory goes on, everything else gets 503'
const SEALED = 'This key manager is sealed: its operators have to open it first.'

/** Two keyrings, the second one sealed by shares, and which of them takes what is new. */
const stores = (first: boolean): string => `[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = first, second
[secretstore:first]
secret_store_plugin = store_crypto
global_default = ${first}
[secretstore:second]
secret_store_plugin = store_crypto
global_default = ${!first}
name = Second
kek_store = keyring:second
[keyring:second]
protection = shares
`

/** The part of a share that nobody may see. */
function secretOf(share: string): string {
  return share.split('-')[6] ?? assert.fail('this is no share')
}

function nth(shares: readonly string[], number: number): string {
  return shares[number - 1] ?? assert.fail(`there is no share ${number}`)
}

describe('a server whose keyring is sealed by shares', () => {
  it('is opened by three people out of five, serves, and is sealed again after each start', async (t) => {
    const node = new SealedServer(t)
    const refused = await node.run(['serve'])
    assert.equal(refused.code, 4)
    assert.match(refused.err, /no start makes one: `gatehouse kek seal --shares 5 --threshold 3`/)
    assert.ok(!existsSync(node.keyring))

    const shares = await node.dealt()
    assert.equal(new Set(shares).size, 5)
    await node.start()
    const closed = await node.ask('/v1/secrets')
    assert.equal(closed.status, 503)
    assert.ok(Number(closed.headers.get('retry-after')) > 0)
    const body = (await closed.json()) as { readonly description: string }
    assert.deepEqual(body, { code: 503, title: 'Service Unavailable', description: SEALED })
    assert.equal(await node.health(), 'SEALED')
    assert.equal((await node.ask('/')).status, 300)
    const socket = statSync(join(node.folder, 'state/unseal.sock'))
    assert.ok(socket.isSocket())
    assert.equal(socket.mode & 0o777, 0o600, 'for its owner alone')

    const asked = async (number: number) =>
      (await node.done(['unseal'], `${nth(shares, number)}\n`)).trim()
    assert.match(await asked(5), /^keyring: sealed, 1 of 3 shares of \w{16} were brought$/)
    assert.match(await asked(2), /2 of 3 shares/)
    assert.equal(await node.health(), 'SEALED')
    assert.equal(await asked(3), 'keyring: open')
    assert.equal(await node.health(), 'OK')
    assert.match(await asked(1), /Nothing is sealed here/)

    const token = await node.token()
    const path = await node.store(token, 'open sesame')
    assert.equal(await node.fetched(token, path), 'open sesame')

    assert.equal(await node.stop(), 0)
    assert.equal(existsSync(join(node.folder, 'state/unseal.sock')), false)
    await node.start()
    assert.equal(await node.health(), 'SEALED')
    assert.equal(await node.fetched(token, path), 'metadata 503')
    for (const number of [1, 2, 4]) await asked(number)
    assert.equal(await node.fetched(token, path), 'open sesame')

    const log = node.log
    for (const share of shares) {
      assert.ok(!log.includes(share) && !log.includes(secretOf(share)))
      assert.ok(!log.includes(secretOf(share).slice(0, 10)))
    }
    assert.ok(node.messages.includes('sealed: shares are wanted'))
    assert.equal(node.messages.filter((message) => message === 'unsealed').length, 2)
  })

  it('stays sealed with too few, wrong and foreign shares, and says which they are', async (t) => {
    const [node, other] = [new SealedServer(t), new SealedServer(t)]
    const [shares, foreign] = [await node.dealt(), await other.dealt()]
    await node.start()
    const bring = (text: string) => node.verb(['unseal'], text)
    for (const number of [1, 2]) assert.equal((await bring(nth(shares, number))).code, 0)

    const strange = await bring(nth(foreign, 3))
    assert.equal(strange.code, 1)
    const [, , , theirs = ''] = nth(foreign, 1).split('-')
    const [, , , ours = ''] = nth(shares, 1).split('-')
    assert.match(strange.err, new RegExp(`belongs to ${theirs}.*Wanted are shares of ${ours}`))

    const letter = nth(shares, 3).at(50) === 'a' ? 'b' : 'a'
    const slip = await bring(nth(shares, 3).slice(0, 50) + letter + nth(shares, 3).slice(51))
    assert.equal(slip.code, 1)
    assert.match(slip.err, /mistyped.*Nothing is lost/)
    assert.equal(slip.out, '')
    assert.equal((await bring('hunter2')).code, 1)
    assert.equal((await bring('')).code, 1)

    assert.equal((await bring(nth(shares, 1))).code, 0, 'twice the same is no third')
    assert.match((await node.verb(['unseal', '--status'])).out, /sealed, 2 of 3/)
    assert.equal(await node.health(), 'SEALED')
    assert.match((await node.verb(['unseal', '--reset'])).out, /sealed, 0 of 3/)
    for (const number of [3, 4, 5]) await bring(nth(shares, number))
    assert.equal(await node.health(), 'OK')
  })

  it('killed in the middle it begins anew, and the socket left behind is in nobody`s way', async (t) => {
    const node = new SealedServer(t)
    const shares = await node.dealt()
    await node.start()
    for (const number of [1, 2]) await node.verb(['unseal'], nth(shares, number))
    await node.kill()
    assert.ok(existsSync(join(node.folder, 'state/unseal.sock')))
    const nobody = await node.verb(['unseal'], nth(shares, 3))
    assert.equal(nobody.code, 1)
    assert.match(nobody.err, /no server listens there/)
    await node.start()
    assert.match((await node.verb(['unseal', '--status'])).out, /sealed, 0 of 3/)
    for (const number of [1, 2, 3]) await node.verb(['unseal'], nth(shares, number))
    assert.equal(await node.health(), 'OK')
  })

  it('sealed by hand it forgets its keys at once, those in its cache included', async (t) => {
    const node = new SealedServer(t)
    const shares = await node.dealt(2, 2)
    await node.start()
    const open = async () => {
      for (const share of shares) await node.verb(['unseal'], share)
    }
    await open()
    const token = await node.token()
    const path = await node.store(token, 'open sesame')
    assert.equal(await node.fetched(token, path), 'open sesame')
    assert.match((await node.verb(['seal'])).out, /keyring: sealed, 0 of 2/)
    assert.equal(await node.fetched(token, path), 'metadata 503')
    await open()
    assert.equal(await node.fetched(token, path), 'open sesame')
  })

  it('of several KEK stores the sealed one alone is away', async (t) => {
    const node = new SealedServer(t, 'plain')
    node.configure(stores(true))
    const args = ['kek', 'seal', '--shares=2', '--threshold=2', '--store=keyring:second']
    const shares = (await node.verb(args)).out.trim().split('\n')
    await node.start()
    assert.equal(await node.health(), 'OK')
    const token = await node.token()
    const path = await node.store(token, 'in the first')
    await node.stop()

    node.configure(stores(false))
    await node.start()
    assert.equal(await node.health(), 'OK')
    assert.equal(await node.fetched(token, path), 'in the first')
    const refused = await node.post(token, 'in the second')
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    // Refused again and again it is not even asked any more, for up to ten seconds: an unsealed one is, at once.
    for (let refusals = 0; refusals < 20 || !node.messages.includes(AWAY); refusals += 1) {
      assert.equal((await node.post(token, 'in the second')).status, 503)
    }
    for (const share of shares) await node.verb(['unseal'], share)
    const second = await node.store(token, 'in the second')
    assert.equal(await node.fetched(token, second), 'in the second')
    await node.verb(['seal'])
    assert.equal(await node.health(), 'OK')
    assert.equal(await node.fetched(token, path), 'in the first')
    assert.equal(await node.fetched(token, second), 'metadata 503')
  })

  it('what a sealed store holds waits for housekeeping, and what others hold goes', async (t) => {
    const node = new SealedServer(t, 'plain')
    const kept = '[housekeeping]\ninterval = 1\nkeep_expired_secrets = 0\n'
    node.configure(stores(true) + kept)
    const args = ['kek', 'seal', '--shares=2', '--threshold=2', '--store=keyring:second']
    const shares = (await node.verb(args)).out.trim().split('\n')
    await node.start()
    const token = await node.token()
    const expiration = new Date(Date.now() + 45_000).toISOString().slice(0, 19)
    const store = async () => {
      const answer = await node.ask('/v1/secrets', {
        method: 'POST',
        headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
        body: JSON.stringify({ payload: 'x', payload_content_type: 'text/plain', expiration }),
      })
      assert.equal(answer.status, 201, await answer.text())
    }
    await store()
    await node.stop()
    node.configure(stores(false) + kept)
    await node.start()
    for (const share of shares) await node.verb(['unseal'], share)
    await store()
    await node.verb(['seal'])
    const said = (words: RegExp) => until(() => words.test(node.log), `${words}`, 120_000)
    await said(/"waiting":1,"message":"housekeeping left expired secrets whose KEK store is away/)
    await said(/"expiredSecrets":1,.*"message":"housekeeping removed"/)
    for (const share of shares) await node.verb(['unseal'], share)
    await until(
      () => node.messages.filter((message) => message === 'housekeeping removed').length === 2,
      'what waited does not go',
      120_000,
    )
  })

  it('a share comes from a file as well, which has to be its owner`s alone', async (t) => {
    const node = new SealedServer(t)
    const folder = join(node.folder, 'people')
    const args = ['kek', 'seal', '--shares=2', '--threshold=2', '--output-dir', folder]
    const files = (await node.verb(args)).out.trim().split('\n')
    assert.deepEqual(
      files.map((file) => file.slice(folder.length + 1)),
      readdirSync(folder),
    )
    await node.start()
    for (const file of files) {
      assert.equal(statSync(file).mode & 0o777, 0o600)
      await node.verb(['unseal', '--share-file', file])
    }
    assert.equal(await node.health(), 'OK')
  })

  it('shares that nobody reads seal nothing', async (t) => {
    const node = new SealedServer(t)
    const plain = { OS_KEYRING__PROTECTION: 'plain' }
    await node.dealt()
    const before = readFileSync(node.keyring)
    const child = node.spawned(['kek', 'seal', '--shares=2', '--threshold=2', '--store=keyring'], {
      ...plain,
      OS_KEYRING__FILE: 'another',
    })
    child.stdout?.destroy()
    let err = ''
    child.stderr?.on('data', (bytes) => {
      err += bytes
    })
    const code = await new Promise((end) => child.once('close', end))
    assert.equal(code, 1)
    assert.match(err, /Nobody reads the shares any more: the keyring was not changed/)
    assert.ok(!existsSync(join(node.folder, 'state/another')))
    assert.deepEqual(readFileSync(node.keyring), before)
  })
})

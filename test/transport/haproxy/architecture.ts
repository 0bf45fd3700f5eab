import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../server.ts'
import { smugglingClaims } from './smuggling.ts'
import { NODE_NAMES, type Plan, type Setting, Stage } from './stage.ts'

export interface Architecture {
  readonly title: string
  /** Of deploy/haproxy. */
  readonly file: string
  /** What nodes refuse that read bytes as their client sent them. */
  readonly passesBytes?: boolean
  planned(setting: Setting): Promise<Plan>
}

/** What has to be true of each of the four; `more` are claims of one alone. */
export function architecture(
  { title, file, passesBytes = false, planned }: Architecture,
  more: (stage: () => Stage) => void,
): void {
  describe(title, { timeout: 900_000 }, () => {
    let set: Stage | undefined
    const closing: (() => unknown)[] = []
    const stage = (): Stage => set ?? assert.fail('the stage is not set')
    before(async () => {
      set = await Stage.set({ after: (work) => void closing.push(work) }, file, planned)
    })
    after(async () => {
      for (const close of closing.toReversed()) await close()
    })
    clientClaims(stage)
    more(stage)
    smugglingClaims(stage, passesBytes)
    operatorClaims(stage)
  })
}

function clientClaims(stage: () => Stage): void {
  test('castellan and the openstack client store and read with their CA file, and not without', async () => {
    const { url, caFile, token, proxy } = stage()
    const { stdout } = await promisify(execFile)(
      '/usr/bin/python3',
      [join(import.meta.dirname, 'clients.py')],
      {
        env: {
          PATH: process.env['PATH'],
          LANG: 'C.UTF-8',
          ENDPOINT: url,
          CA_FILE: caFile,
          TOKEN: token,
        },
      },
    )
    const told = JSON.parse(stdout) as Readonly<Record<string, unknown>>
    assert.equal(told['castellan'], true)
    assert.equal(told['openstack'], 'p@ss wörd')
    assert.ok(String(told['href']).startsWith(`https://localhost:${proxy.port}/v1/secrets/`))
    for (const client of ['castellan', 'openstack']) {
      assert.match(
        String(told[`${client} without the CA`]),
        /CERTIFICATE_VERIFY_FAILED|SSL exception/,
      )
    }
  })

  test("the client's address reaches log and audit, and not the one that it claims", async () => {
    const lines = [
      'GET /v1/secrets HTTP/1.1',
      'Host: localhost',
      'X-Auth-Token: wrong',
      'X-Forwarded-For: 1.1.1.1',
      'X-Forwarded-Proto: gopher',
      'Forwarded: for=1.1.1.1',
      'Connection: close',
    ]
    const { statuses } = await stage().say('127.0.0.7', `${lines.join('\r\n')}\r\n\r\n`)
    assert.deepEqual(statuses, [401])
    const isOf = (address: string) => (line: Readonly<Record<string, unknown>>) =>
      line['remote'] === address
    await until(() => stage().requests().some(isOf('127.0.0.7')), 'logged')
    await until(() => stage().audit().some(isOf('127.0.0.7')), 'audited')
    assert.ok(![...stage().requests(), ...stage().audit()].some(isOf('1.1.1.1')))
  })
}

function operatorClaims(stage: () => Stage): void {
  test('certificates change under load without a failed request', async (t) => {
    const load = stage().load()
    load.start()
    try {
      for (const commonName of ['second', 'third']) {
        await stage().plan.rotate(stage(), commonName)
        const goal = load.done.https + 50
        await until(() => load.done.https > goal, 'load after it')
      }
    } finally {
      await load.stop()
    }
    assert.deepEqual(load.failures, [])
    t.diagnostic(`${load.done.https} requests`)
  })

  test('node after node is drained, stopped and started under load without a failed request', async (t) => {
    const { nodes, proxy } = stage()
    const load = stage().load()
    load.start()
    try {
      for (const name of NODE_NAMES) {
        const node = nodes[name]
        const switchFile = join(node.folder, 'state/healthcheck_disable')
        writeFileSync(switchFile, '')
        await proxy.sees(name, 'DOWN')
        assert.deepEqual(await node.stop(), { code: 0, signal: null })
        const done = load.done.https
        await until(() => load.done.https > done + 30, 'load on the other')
        rmSync(switchFile)
        node.start()
        await proxy.sees(name, 'UP')
      }
    } finally {
      await load.stop()
    }
    assert.deepEqual(load.failures, [])
    t.diagnostic(`${load.done.https} requests`)
  })

  test('a node that starts sealed is taken out, and comes back by itself when it is opened, under load', async (t) => {
    const { nodes, proxy, keyring } = stage()
    const { node2: node } = nodes
    const file = join(node.folder, 'sealed-keyring')
    copyFileSync(keyring, file)
    node.environment = { OS_KEYRING__FILE: file }
    const people = join(node.folder, 'people')
    const args = ['--shares=3', '--threshold=2', '--output-dir', people]
    const shares = (await node.command('kek', 'seal', ...args)).trim().split('\n')
    const switchFile = join(node.folder, 'state/healthcheck_disable')
    const load = stage().load()
    load.start()
    try {
      writeFileSync(switchFile, '')
      await proxy.sees('node2', 'DOWN')
      await node.stop()
      rmSync(switchFile)
      node.environment = { ...node.environment, OS_KEYRING__PROTECTION: 'shares' }
      node.start()
      await node.told('sealed: shares are wanted')
      const checks = () =>
        node
          .logged('request')
          .filter(({ route, status }) => route === '/healthcheck' && status === 503)
      const before = checks().length
      await until(() => checks().length > before + 2, 'checks of the sealed node')
      assert.match(await proxy.stateOf('node2'), /DOWN/)
      for (const share of shares.slice(1)) await node.command('unseal', '--share-file', share)
      await proxy.sees('node2', 'UP')
      const done = load.done.https
      await until(() => load.done.https > done + 50, 'load on both')
    } finally {
      await load.stop()
    }
    assert.deepEqual(load.failures, [])
    t.diagnostic(`${load.done.https} requests`)
    // As the others want it.
    node.environment = {}
    const starts = node.logged('listening').length
    await node.stop()
    node.start()
    await node.told('listening', starts + 1)
    await proxy.sees('node2', 'UP')
  })

  test('a node that has lost its database is taken out, and comes back with it', async () => {
    const { proxy, databaseOfNode2, nodes } = stage()
    databaseOfNode2.cut()
    await proxy.sees('node2', 'DOWN')
    // The first checks may have been cut off with their connections; then the node says so itself.
    await until(async () => /^DOWN L7STS/.test(await proxy.stateOf('node2')), 'it says 503')
    await until(
      () =>
        nodes.node2
          .logged('request')
          .some(({ route, status }) => route === '/healthcheck' && status === 503),
      'logged',
    )
    const load = stage().load()
    load.start()
    await until(() => load.done.https > 50, 'load on the other')
    await load.stop()
    assert.deepEqual(load.failures, [])
    await databaseOfNode2.mend()
    await proxy.sees('node2', 'UP')
  })
}

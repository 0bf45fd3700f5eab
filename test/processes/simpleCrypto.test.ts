import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { SealedServer } from '../support/sealedServer.ts'

const PUBLIC = 'dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg='
const OLD = 'bWFkZS11cC1rZXktZm9yLWEtdGVzdC1vbmx5LTAwMDE='
const NEW = 'bWFkZS11cC1rZXktZm9yLWEtdGVzdC1vbmx5LTAwMDI='

function barbicanConf(...keks: readonly string[]): string {
  const lines = keks.map((kek) => `kek = '${kek}'`)
  return [
    '[secretstore]',
    'enabled_secretstore_plugins = store_crypto',
    'kek_store = simple_crypto',
    '[simple_crypto_plugin]',
    ...lines,
    '',
  ].join('\n')
}

describe('a cloud on the KEK of its Barbican', () => {
  it('serves, takes a new KEK before the old one, and not another in its place', async (t) => {
    const node = new SealedServer(t, 'plain')
    node.configure(barbicanConf(OLD))
    await node.start()
    const token = await node.token()
    const path = await node.store(token, 'open sesame')
    const status = await node.verb(['kek', 'status'])
    assert.equal(status.code, 0, status.err)
    assert.match(status.out, /^store {7}simple_crypto \(simple_crypto\), the kek lines/)
    await node.stop()

    node.configure(barbicanConf(NEW, OLD))
    await node.start()
    assert.equal(await node.fetched(token, path), 'open sesame')
    assert.equal(await node.fetched(token, await node.store(token, 'after it')), 'after it')
    await node.stop()

    for (const keks of [[NEW], [OLD], ['cmFuZG9tLW1hZGUtdXAtMzItYnl0ZXMtZm9yLXRlc3Q=']]) {
      node.configure(barbicanConf(...keks))
      const refused = await node.run(['serve'])
      assert.equal(refused.code, EXIT_CODES.keys.code, refused.err)
      assert.match(refused.err, /wants the KEK with fingerprint/)
    }
    for (const told of [status.out, node.log]) {
      for (const kek of [OLD, NEW]) assert.ok(!told.includes(kek.slice(0, 20)))
    }
  })

  it('is refused with the public default first, and warned of it behind another', async (t) => {
    const node = new SealedServer(t, 'plain')
    node.configure(barbicanConf(PUBLIC))
    const refused = await node.run(['serve'])
    assert.equal(refused.code, EXIT_CODES.settings.code)
    assert.match(refused.err, /kek begins with the default of old Barbican releases/)
    node.configure(barbicanConf(NEW, PUBLIC))
    await node.start()
    assert.equal(await node.health(), 'OK')
    const warned = node.messages.filter((message) => /which everybody has/.test(String(message)))
    assert.equal(warned.length, 1)
  })

  it('that moved to a keyring unasked hears in its first lines what to write', async (t) => {
    const node = new SealedServer(t, 'plain')
    node.configure(barbicanConf(OLD).replace('kek_store = simple_crypto\n', ''))
    await node.start()
    const told = node.messages.filter((message) =>
      /kek is not used: .* write kek_store = simple_crypto/.test(String(message)),
    )
    assert.equal(told.length, 1)
  })
})

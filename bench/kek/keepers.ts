import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hsmConnection } from '../../src/crypto/kek/pkcs11/openPkcs11.ts'
import type { Configuration, Gatehouse } from '../../test/peers/gatehouse.ts'
import { PyKmip } from '../../test/services/pykmip.ts'
import { FakeAws } from '../../test/support/fakeAws.ts'
import { FakeVault } from '../../test/support/fakeVault.ts'
import { NO_SOFT_HSM, SoftHsm } from '../../test/support/softHsm.ts'
import { PemFolder, pkiNamed } from '../../test/support/testPki.ts'

/** Whoever keeps the KEK: a file, a library, a server. */
export interface Keeper {
  readonly configuration: Configuration
  /** Wraps and unwraps that it was asked for, by its own count; undefined: it keeps none. */
  readonly asked: (() => number) | undefined
  /** Puts another KEK in force, on a server that holds project keys under the first. */
  readonly changeKek: (node: Gatehouse) => Promise<void>
}

export interface KeeperKind {
  /** Of the KEK store, as project keys name it. */
  readonly store: string
  readonly title: string
  /** Why there is none on this machine. */
  readonly missing: string | undefined
  open(t: CleansUp, folder: string): Promise<Keeper>
}

interface CleansUp {
  after(work: () => unknown): unknown
}

/** Every KEK store there is. Where nothing real can be had it is a stand-in, and its title says so. */
export const KEEPERS: readonly KeeperKind[] = [
  { store: 'keyring', title: 'keyring', missing: undefined, open: keyring },
  { store: 'simple_crypto', title: 'simple_crypto', missing: undefined, open: simpleCrypto },
  {
    store: 'pkcs11',
    title: 'PKCS#11, SoftHSM',
    missing: NO_SOFT_HSM === false ? undefined : NO_SOFT_HSM,
    open: softHsm,
  },
  {
    store: 'kmip',
    title: 'KMIP, PyKMIP',
    missing: existsSync('/usr/bin/pykmip-server')
      ? undefined
      : 'there is no PyKMIP: apt install python3-pykmip',
    open: pyKmip,
  },
  { store: 'transit', title: 'transit, a stand-in', missing: undefined, open: vault },
  { store: 'awskms', title: 'AWS KMS, a stand-in', missing: undefined, open: aws },
]

async function keyring(): Promise<Keeper> {
  return {
    configuration: { secretstore: { kek_store: 'keyring' } },
    asked: undefined,
    changeKek: async (node) => {
      await node.command('kek', 'generate')
      await promoted(node, {})
    },
  }
}

async function simpleCrypto(): Promise<Keeper> {
  const line = () => `"${randomBytes(32).toString('base64url')}="`
  const [first, second] = [line(), line()]
  // One option, several times: as oslo reads it.
  const keks = (...lines: readonly string[]) => ({
    simple_crypto_plugin: { kek: lines.join('\nkek = ') },
  })
  return {
    configuration: { secretstore: { kek_store: 'simple_crypto' }, ...keks(first, second) },
    asked: undefined,
    changeKek: (node) => reconfigured(node, keks(second, first)),
  }
}

async function softHsm(t: CleansUp): Promise<Keeper> {
  const hsm = await SoftHsm.make()
  t.after(() => hsm.remove())
  await hsm.addToken('gatehouse')
  const connection = hsmConnection(hsm.request({ labels: [] }), () => undefined)
  for (const label of ['kek-1', 'kek-2']) {
    await connection.ask({ verb: 'generate', label }, [], AbortSignal.timeout(10_000))
  }
  connection.close()
  const under = (label: string, other: string) => ({ mkek_label: label, decrypt_labels: other })
  const pkcs11 = {
    library_path: hsm.library,
    token_labels: 'gatehouse',
    login_file: hsm.pinFile,
    addon: hsm.addon,
    library_environment: Object.entries(hsm.environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  }
  return {
    configuration: {
      secretstore: { kek_store: 'pkcs11' },
      pkcs11: { ...pkcs11, ...under('kek-1', 'kek-2') },
    },
    asked: undefined,
    changeKek: (node) => reconfigured(node, { pkcs11: under('kek-2', 'kek-1') }),
  }
}

async function pyKmip(t: CleansUp, folder: string): Promise<Keeper> {
  const kmip = await PyKmip.start(join(folder, 'pykmip'), await pkiNamed('kmip'))
  t.after(() => kmip.stop())
  await kmip.keys('first=both', 'second=both')
  const { caFile, certFile, keyFile } = kmip.client
  return {
    configuration: {
      secretstore: { kek_store: 'kmip' },
      kmip: {
        host: '127.0.0.1',
        port: String(kmip.port),
        ca_certs: caFile,
        certfile: certFile,
        keyfile: keyFile,
        key_name: 'first',
      },
    },
    asked: undefined,
    changeKek: (node) =>
      promoted(node, { kmip: { key_name: 'second', former_key_names: 'first' } }),
  }
}

async function vault(t: CleansUp): Promise<Keeper> {
  const stand = await FakeVault.start(t)
  stand.makeKey('gatehouse')
  const folder = new PemFolder(t)
  return {
    configuration: {
      secretstore: { kek_store: 'transit' },
      transit: {
        vault_url: stand.url,
        ssl_ca_crt_file: folder.write('ca.pem', stand.pki.caPem),
        key_name: 'gatehouse',
        approle_role_id: 'a role id',
        approle_secret_id_file: folder.write('secret-id', 'a secret id\n'),
      },
    },
    asked: () => stand.asked.filter((it) => /transit\/(en|de)crypt\//.test(it)).length,
    changeKek: async (node) => {
      await node.command('kek', 'generate')
      await promoted(node, {})
    },
  }
}

async function aws(t: CleansUp): Promise<Keeper> {
  const stand = await FakeAws.start(t)
  stand.makeKey('first')
  stand.makeKey('second')
  const folder = new PemFolder(t)
  const credentials =
    '[cloud]\naws_access_key_id = AKIDTEST\naws_secret_access_key = a secret access key\n'
  return {
    configuration: {
      secretstore: { kek_store: 'awskms' },
      awskms: {
        endpoint_url: stand.url,
        region: stand.region,
        ca_certs: folder.write('ca.pem', stand.pki.caPem),
        key_id: 'alias/first',
        credentials_file: folder.write('credentials', credentials),
        profile: 'cloud',
      },
    },
    asked: () => stand.asked.filter((it) => /^(En|De)crypt /.test(it)).length,
    changeKek: (node) =>
      promoted(node, { awskms: { key_id: 'alias/second', former_key_ids: 'alias/first' } }),
  }
}

async function reconfigured(node: Gatehouse, changes: Configuration): Promise<void> {
  await node.reconfigure(changes)
  await node.restart()
}

/** Named, known to the server, its canary committed, and then in force. */
async function promoted(node: Gatehouse, changes: Configuration): Promise<void> {
  await reconfigured(node, changes)
  const [, id = ''] = /^decrypt-only .* (\S+)$/m.exec(await node.command('kek', 'status')) ?? []
  await node.command('kek', 'promote', id)
  await node.restart()
}

import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeAws } from '../support/fakeAws.ts'
import { FakeVault } from '../support/fakeVault.ts'
import { NO_SOFT_HSM, SoftHsm } from '../support/softHsm.ts'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import type { TlsStandIn } from '../support/tlsStandIn.ts'
import { PyKmip } from './pykmip.ts'
import { wholeRotation } from './wholeRotation.ts'

/** In the gate they are there: a missing one fails. */
const unlessMissing = (isThere: boolean, wants: string) =>
  isThere || process.env['CI'] !== undefined ? false : wants

wholeRotation('keyring', async () => ({
  configuration: {},
  async bring([first, second]) {
    const copy = `${second.homeOf('state/keyring')}.new`
    await copyFile(first.homeOf('state/keyring'), copy)
    await rename(copy, second.homeOf('state/keyring'))
  },
}))

wholeRotation(
  'an HSM (SoftHSM)',
  async (t) => {
    const hsm = await SoftHsm.make()
    t.after(() => hsm.remove())
    await hsm.addToken('gatehouse')
    await hsm.addKey('kek-1')
    const label = (mkekLabel: string, ...decryptLabels: readonly string[]) => ({
      p11_crypto_plugin: { mkek_label: mkekLabel },
      pkcs11: { decrypt_labels: decryptLabels.join(',') },
    })
    return {
      configuration: {
        p11_crypto_plugin: {
          library_path: hsm.library,
          token_labels: 'gatehouse',
          mkek_label: 'kek-1',
        },
        pkcs11: {
          login_file: hsm.pinFile,
          addon: hsm.addon,
          library_environment: Object.entries(hsm.environment)
            .map((pair) => pair.join('='))
            .join(','),
        },
      },
      makesElsewhere: /`gatehouse hsm generate-kek --label NEW`/,
      async make(number) {
        await hsm.addKey(`kek-${number}`)
        return label(`kek-${number}`, `kek-${number - 1}`)
      },
      only: (number) => label(`kek-${number}`),
      destroy: (number) => hsm.destroyKey(`kek-${number}`),
      away: hsm,
    }
  },
  NO_SOFT_HSM,
)

wholeRotation(
  'a KMIP server (PyKMIP)',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-kmip-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const server = await PyKmip.start(join(folder, 'server'), await pkiNamed('kmip'))
    t.after(() => server.stop())
    const ids = [...(await server.keys('kek-1=both'))]
    const { caFile, certFile, keyFile } = server.client
    return {
      configuration: {
        secretstore: { kek_store: 'kmip' },
        kmip: {
          host: '127.0.0.1',
          port: String(server.port),
          ca_certs: caFile,
          certfile: certFile,
          keyfile: keyFile,
          key_name: 'kek-1',
        },
      },
      makesElsewhere: /make an active AES key of 256 bits at the KMIP server/,
      async make(number) {
        ids.push(...(await server.keys(`kek-${number}=both`)))
        return {
          kmip: { key_name: `kek-${number}`, former_key_names: `kek-${number - 1}` },
        }
      },
      only: (number) => ({ kmip: { key_name: `kek-${number}`, former_key_names: '' } }),
      async destroy(number) {
        const id = ids[number - 1]
        await server.keys(`revoke=${id}`, `destroy=${id}`)
      },
      away: { takeAway: () => server.stop(), bringBack: () => server.startAgain() },
    }
  },
  unlessMissing(
    existsSync('/usr/bin/pykmip-server'),
    'wants a KMIP server: apt install python3-pykmip',
  ),
)

wholeRotation('Vault transit (a stand-in)', async (t) => {
  const vault = await FakeVault.start(t)
  const key = vault.makeKey('gatehouse')
  return {
    configuration: {
      secretstore: { kek_store: 'transit' },
      transit: {
        vault_url: vault.url,
        ssl_ca_crt_file: new PemFolder(t).write('ca.pem', vault.pki.caPem),
        approle_role_id: 'a role id',
        approle_secret_id: vault.secretId,
      },
    },
    async destroy(number) {
      key.minDecryption = key.minAvailable = number + 1
    },
    away: comesAndGoes(vault.server),
  }
})

wholeRotation('AWS KMS (a stand-in)', async (t) => {
  const aws = await FakeAws.start(t)
  const keys = [aws.makeKey('kek-1')]
  return {
    configuration: {
      secretstore: { kek_store: 'awskms' },
      awskms: {
        endpoint_url: aws.url,
        region: aws.region,
        ca_certs: new PemFolder(t).write('ca.pem', aws.pki.caPem),
        key_id: 'alias/kek-1',
        access_key_id: 'AKIDTEST',
        secret_access_key: 'a secret access key',
      },
    },
    makesElsewhere: /make a symmetric key in AWS KMS/,
    async make(number) {
      keys.push(aws.makeKey(`kek-${number}`))
      return {
        awskms: { key_id: `alias/kek-${number}`, former_key_ids: `alias/kek-${number - 1}` },
      }
    },
    only: (number) => ({ awskms: { key_id: `alias/kek-${number}`, former_key_ids: '' } }),
    async destroy(number) {
      aws.keys.delete(keys[number - 1]?.arn ?? '')
    },
    away: comesAndGoes(aws.server),
  }
})

function comesAndGoes(server: TlsStandIn) {
  const { port } = server
  return { takeAway: () => server.stop(), bringBack: () => server.listen(port) }
}

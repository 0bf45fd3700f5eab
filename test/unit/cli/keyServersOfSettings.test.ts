import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { openKekStore } from '../../../src/cli/openKekStore.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { FakeAws } from '../../support/fakeAws.ts'
import { FakeKmip } from '../../support/fakeKmip.ts'
import { FakeVault } from '../../support/fakeVault.ts'
import { PemFolder } from '../../support/testPki.ts'
import { ELSEWHERE, loadedFrom } from '../config/loadedFrom.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

type Section = Readonly<Record<string, string | number>>

/** The store that these settings describe, opened as a server opens it. */
async function opened(
  t: CleansUp,
  kind: string,
  section: Section,
  variables: Readonly<Record<string, string>> = {},
) {
  const lines = Object.entries(section).map(([option, value]) => `${option} = ${value}`)
  const place = { ...ELSEWHERE, variable: (name: string) => variables[name] }
  const content = ['[secretstore]', `kek_store = ${kind}`, `[${kind}]`, ...lines, ''].join('\n')
  const [settings] = loadedFrom(t, content, {}, place).settings.kekStores
  assert.ok(settings !== undefined)
  const around = { deployment: undefined, mayCreate: true, clock: systemClock() }
  const store = await openKekStore(settings, around)
  t.after(() => store.close())
  return store.describe()
}

describe('settings of Vault', () => {
  it('open the store by every way of logging in', async (t) => {
    const vault = await FakeVault.start(t)
    vault.makeKey('gatehouse')
    const folder = new PemFolder(t)
    const common = {
      vault_url: vault.url,
      ssl_ca_crt_file: folder.write('ca.pem', vault.pki.caPem),
    }
    const ways: readonly Section[] = [
      { root_token_id: vault.issueToken() },
      { token_file: folder.write('token', `${vault.issueToken()}\n`) },
      { approle_role_id: 'a role id', approle_secret_id: 'a secret id' },
      {
        approle_role_id: 'a role id',
        approle_secret_id_file: folder.write('secret', 'a secret id'),
      },
    ]
    for (const way of ways) {
      const { currentKekId } = await opened(t, 'transit', { ...common, ...way })
      assert.equal(currentKekId, 'gatehouse/v1')
    }
    vault.loginMount = 'k8s'
    vault.namespace = 'cloud'
    vault.mount = 'team/transit'
    await opened(t, 'transit', {
      ...common,
      namespace: 'cloud',
      transit_mountpoint: 'team/transit',
      kubernetes_mountpoint: 'k8s',
      kubernetes_role: 'gatehouse',
      kubernetes_token_file: folder.write('jwt', vault.serviceAccountToken),
    })
    await assert.rejects(
      opened(t, 'transit', { ...common, token_file: folder.write('empty', '\n') }),
      /\[transit\] The token in .*empty is empty/,
    )
    await assert.rejects(
      opened(t, 'transit', { ...common, ...ways[0], ssl_ca_crt_file: '/nowhere/ca.pem' }),
      /\[transit\] The CA certificates in \/nowhere\/ca\.pem cannot be read: ENOENT/,
    )
    const noPem = folder.write('no.pem', 'nothing')
    await assert.rejects(
      opened(t, 'transit', { ...common, ...ways[0], ssl_ca_crt_file: noPem }),
      /wants its CA certificates as PEM, which .*no\.pem is not/,
    )
  })
})

describe('settings of AWS KMS', () => {
  it('open the store by credentials given, of the environment, and of a service account', async (t) => {
    const aws = await FakeAws.start(t)
    const { arn } = aws.makeKey('cloud')
    const folder = new PemFolder(t)
    const ca = folder.write('ca.pem', aws.pki.caPem)
    const common = { key_id: 'alias/cloud', endpoint_url: aws.url }
    const file = folder.write('secret', 'a secret access key\n')
    const given = { access_key_id: 'AKIDTEST', secret_access_key_file: file }
    const region = { region: aws.region, ca_certs: ca }
    const first = await opened(t, 'awskms', { ...common, ...region, ...given })
    assert.equal(first.currentKekId, arn)

    const variables = {
      AWS_REGION: aws.region,
      AWS_CA_BUNDLE: ca,
      AWS_ENDPOINT_URL_KMS: aws.url,
      AWS_ACCESS_KEY_ID: 'AKIDTEST',
      AWS_SECRET_ACCESS_KEY: 'a secret access key',
    }
    const second = await opened(t, 'awskms', { key_id: 'alias/cloud' }, variables)
    assert.match(second.protection, /as access key AKIDTEST/)

    const sts = createServer((_, response) => {
      const element = (name: string, value: string) => `<${name}>${value}</${name}>`
      response.end(
        element('AccessKeyId', 'ASIAPOD') +
          element('SecretAccessKey', 'of-the-pod') +
          element('SessionToken', 'session') +
          element('Expiration', '2040-01-01T00:00:00Z'),
      )
    })
    aws.accounts.set('ASIAPOD', { secret: 'of-the-pod', token: 'session' })
    t.after(() => {
      sts.close()
      sts.closeAllConnections()
    })
    sts.listen(0, '127.0.0.1')
    await once(sts, 'listening')
    const address = sts.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    const third = await opened(
      t,
      'awskms',
      { ...common, ...region, sts_endpoint_url: `http://127.0.0.1:${port}` },
      {
        AWS_WEB_IDENTITY_TOKEN_FILE: folder.write('jwt', 'a.jwt'),
        AWS_ROLE_ARN: 'arn:aws:iam::1:role/kek',
      },
    )
    assert.match(third.protection, /as role arn:aws:iam::1:role\/kek/)
  })
})

describe('settings of KMIP', () => {
  it('open the store with a name and a password of a file, in the version that is wanted', async (t) => {
    const kmip = await FakeKmip.start(t)
    const folder = new PemFolder(t)
    const { host, port } = kmip.place
    const description = await opened(t, 'kmip', {
      host,
      port,
      ca_certs: folder.write('ca.pem', kmip.pki.caPem),
      username: 'gatehouse',
      password_file: folder.write('password', 'in a file\n'),
      wrapping: 'derived',
      protocol: '1.3',
    })
    assert.match(description.protection, /^KMIP 1\.3 server .*derived there$/)
    assert.deepEqual([...new Set(kmip.credentials)], ['gatehouse:in a file'])
  })
})

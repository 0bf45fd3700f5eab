import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ask } from '../peers/ask.ts'
import type { Configuration } from '../peers/gatehouse.ts'
import { FakeAws } from '../support/fakeAws.ts'
import { FakeVault } from '../support/fakeVault.ts'
import { startNodes, until } from '../support/severalNodes.ts'
import { PemFolder } from '../support/testPki.ts'
import type { TlsStandIn } from '../support/tlsStandIn.ts'

/** What a server does with its KEK elsewhere: serve, answer 503 while it is away, heal by itself, start again. */
async function livesThrough(
  t: TestContext,
  configuration: Configuration,
  keeper: Pick<TlsStandIn, 'stop' | 'listen' | 'port'>,
  status: RegExp,
): Promise<string> {
  const { nodes, caller } = await startNodes(t, ['sqlite:///gatehouse.sqlite'], {
    // Strict: each use of a project key asks the keeper.
    project_keys: { cache_ttl: '0' },
    ...configuration,
  })
  const [node] = nodes
  assert.ok(node !== undefined)
  const creator = await caller('p', ['creator'])
  const id = await creator.store(node, 'kept elsewhere')
  assert.equal(await creator.payload(node, id), 'kept elsewhere')
  assert.match(await node.command('kek', 'status'), status)

  const { port } = keeper
  keeper.stop()
  await assert.rejects(
    node.command('kek', 'status'),
    (error) => error instanceof Error && 'code' in error && error.code === 14,
  )
  const away = await ask(`${node.url}/v1/secrets/${id}/payload`, {
    token: creator.token,
    headers: { accept: 'text/plain' },
  })
  assert.equal(away.status, 503)
  assert.ok(away.headers.has('retry-after'))
  await keeper.listen(port)
  await until(
    async () => (await creator.payload(node, id)) === 'kept elsewhere',
    'it does not find its KEK store again',
  )
  await node.restart()
  assert.equal(await creator.payload(node, id), 'kept elsewhere')
  const logs = await node.logs()
  assert.doesNotMatch(logs, /"level":"fatal"/)
  return logs
}

test('a server keeps its KEK in transit, logged in by AppRole', async (t) => {
  const vault = await FakeVault.start(t)
  vault.makeKey('gatehouse')
  const folder = new PemFolder(t)
  const logs = await livesThrough(
    t,
    {
      secretstore: { kek_store: 'transit' },
      transit: {
        vault_url: vault.url,
        ssl_ca_crt_file: folder.write('ca.pem', vault.pki.caPem),
        approle_role_id: 'a role id',
        approle_secret_id_file: folder.write('secret-id', 'a secret id\n'),
      },
    },
    vault.server,
    /store {7}transit \(transit\), transit\/keys\/gatehouse at https:.*\nprotection {2}aes256-gcm96 in transit/,
  )
  assert.ok(vault.asked.includes('POST auth/approle/login'))
  for (const token of vault.tokens.keys()) assert.equal(logs.includes(token), false)
  assert.doesNotMatch(logs, /a secret id/)
})

test('a server keeps its KEK in AWS KMS, with credentials of the shared file', async (t) => {
  const aws = await FakeAws.start(t)
  aws.makeKey('cloud')
  const folder = new PemFolder(t)
  const credentials =
    '[cloud]\naws_access_key_id = AKIDTEST\naws_secret_access_key = a secret access key\n'
  const logs = await livesThrough(
    t,
    {
      secretstore: { kek_store: 'awskms' },
      awskms: {
        endpoint_url: aws.url,
        region: aws.region,
        ca_certs: folder.write('ca.pem', aws.pki.caPem),
        key_id: 'alias/cloud',
        credentials_file: folder.write('credentials', credentials),
        profile: 'cloud',
      },
    },
    aws.server,
    /store {7}awskms \(awskms\), alias\/cloud at https:.*\nprotection {2}AWS KMS in eu-central-1/,
  )
  assert.ok(aws.asked.includes('Encrypt AKIDTEST'))
  assert.doesNotMatch(logs, /a secret access key/)
})

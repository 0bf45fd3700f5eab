import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import {
  type CredentialSource,
  containerCredentials,
  instanceCredentials,
  sharedFileCredentials,
  webIdentityCredentials,
} from '../../../../../src/crypto/kek/aws/credentialSources.ts'
import { HeldCredentials } from '../../../../../src/crypto/kek/aws/heldCredentials.ts'
import { AwsCredentials } from '../../../../../src/crypto/kek/aws/sigV4.ts'
import type { Clock } from '../../../../../src/lib/clock.ts'
import { systemClock } from '../../../../../src/lib/clock.ts'
import { PemFolder } from '../../../../support/testPki.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

type Handler = (request: IncomingMessage, body: string) => string | undefined

const never = new AbortController().signal
const TEMPORARY = JSON.stringify({
  Code: 'Success',
  AccessKeyId: 'ASIATEST',
  SecretAccessKey: 'a temporary secret',
  Token: 'a session',
  Expiration: '2030-01-02T03:04:05Z',
})

/** @returns its address; what the handler has nothing for is 404 */
async function served(t: CleansUp, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const answer = handler(request, body)
      response.writeHead(answer === undefined ? 404 : 200).end(answer)
    })
  })
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`
}

async function fetched(t: CleansUp, source: CredentialSource) {
  t.after(() => source.close())
  const { accessKeyId, sessionToken, endsAtEpochMs } = await source.fetch(never)
  return { accessKeyId, sessionToken, endsAtEpochMs }
}

const WANTED = {
  accessKeyId: 'ASIATEST',
  sessionToken: 'a session',
  endsAtEpochMs: Date.parse('2030-01-02T03:04:05Z'),
}

describe('credentials for AWS', () => {
  it('come from an instance, by a session of its metadata service', async (t) => {
    const url = await served(t, ({ method, url: path, headers }) => {
      if (method === 'PUT' && path === '/latest/api/token') {
        return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '300' ? 'session' : undefined
      }
      if (headers['x-aws-ec2-metadata-token'] !== 'session') return undefined
      const roles = '/latest/meta-data/iam/security-credentials/'
      return path === roles ? 'kek-role\n' : path === `${roles}kek-role` ? TEMPORARY : undefined
    })
    assert.deepEqual(await fetched(t, instanceCredentials(url)), WANTED)
    const other = await served(t, () => undefined)
    await assert.rejects(fetched(t, instanceCredentials(other)), /gives no credentials.*404/)
  })

  it('come from the orchestrator of a container, who is shown a token', async (t) => {
    const url = await served(t, ({ url: path, headers }) =>
      path === '/v1/credentials?id=7' && headers.authorization === 'a pod' ? TEMPORARY : undefined,
    )
    const source = containerCredentials(`${url}/v1/credentials?id=7`, () => 'a pod')
    assert.deepEqual(await fetched(t, source), WANTED)
    const nonsense = await served(t, () => '{"Code":"Success"}')
    await assert.rejects(
      fetched(
        t,
        containerCredentials(nonsense, () => undefined),
      ),
      /credentials that cannot be read/,
    )
  })

  it('come from STS, for the token of a service account', async (t) => {
    const url = await served(t, (_, body) => {
      const form = new URLSearchParams(body)
      if (form.get('WebIdentityToken') !== 'a.jwt') return undefined
      assert.equal(form.get('Action'), 'AssumeRoleWithWebIdentity')
      assert.equal(form.get('RoleArn'), 'arn:aws:iam::1:role/kek')
      return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials>
          <SessionToken>a/session+token==</SessionToken><SecretAccessKey>secret</SecretAccessKey>
          <Expiration>2030-01-02T03:04:05Z</Expiration><AccessKeyId>ASIATEST</AccessKeyId>
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
    })
    const source = (token: string) =>
      webIdentityCredentials({
        roleArn: 'arn:aws:iam::1:role/kek',
        sessionName: 'gatehouse',
        token: () => token,
        endpoint: url,
      })
    const sessionToken = 'a/session+token=='
    assert.deepEqual(await fetched(t, source('a.jwt')), { ...WANTED, sessionToken })
    await assert.rejects(fetched(t, source('another')), /gives no credentials.*404/)
  })

  it('come from the shared file, by profile, and are read again', async (t) => {
    const folder = new PemFolder(t)
    const lines = (id: string) => `
[default]
aws_access_key_id = AKIDOTHER
aws_secret_access_key=other

# of the cloud
[ cloud ]
aws_access_key_id = ${id}
aws_secret_access_key = a/secret+with=signs
region = eu-central-1
`
    const path = folder.write('credentials', lines('AKIDONE'))
    let nowMs = 1_000_000
    const clock: Clock = { ...systemClock(), epochMs: () => nowMs, monotonicMs: () => nowMs }
    const source = sharedFileCredentials(path, 'cloud', () => nowMs)
    const held = new HeldCredentials(source, clock)
    assert.equal((await held.current(never)).accessKeyId, 'AKIDONE')
    folder.write('credentials', lines('AKIDTWO'))
    nowMs += 301_000
    assert.equal((await held.current(never)).accessKeyId, 'AKIDTWO')
    await assert.rejects(
      sharedFileCredentials(path, 'nobody', () => 0).fetch(never),
      /no aws_access_key_id and aws_secret_access_key in \[nobody\]/,
    )
    await assert.rejects(sharedFileCredentials('/nowhere', 'x', () => 0).fetch(never), /ENOENT/)
  })

  it('are exchanged ahead of their end, once for all who ask, and serve until there are others', async () => {
    let nowMs = 0
    const clock: Clock = { ...systemClock(), epochMs: () => nowMs, monotonicMs: () => nowMs }
    let fetches = 0
    let isDown = false
    const source: CredentialSource = {
      name: 'a test',
      fetch: async () => {
        fetches += 1
        if (isDown) throw new Error('away')
        return new AwsCredentials(`AKID${fetches}`, 'secret', undefined, nowMs + 3_600_000)
      },
      close: () => undefined,
    }
    const held = new HeldCredentials(source, clock)
    const ids = await Promise.all([held.current(never), held.current(never)])
    assert.deepEqual(
      ids.map(({ accessKeyId }) => accessKeyId),
      ['AKID1', 'AKID1'],
    )
    nowMs = 3_400_000
    isDown = true
    assert.equal((await held.current(never)).accessKeyId, 'AKID1')
    assert.equal(fetches, 2)
    // Not asked again at every call.
    await held.current(never)
    assert.equal(fetches, 2)
    nowMs = 3_600_000
    await assert.rejects(held.current(never), /away/)
    isDown = false
    assert.equal((await held.current(never)).accessKeyId, `AKID${fetches}`)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { givenCredentials } from '../../../../../src/crypto/kek/aws/credentialSources.ts'
import { type AwsRequestToOpen, openAwsKms } from '../../../../../src/crypto/kek/aws/openAwsKms.ts'
import { AwsCredentials } from '../../../../../src/crypto/kek/aws/sigV4.ts'
import { systemClock } from '../../../../../src/lib/clock.ts'
import { kekStoreContract } from '../../../../contract/kekStoreContract.ts'
import { FakeAws } from '../../../../support/fakeAws.ts'
import { type CleansUp, CONTEXT, KEY, never, untilTheEnd } from '../../../../support/keptStores.ts'
import { faultOf, refusal } from '../../../../support/refusals.ts'

async function opened(
  t: CleansUp,
  aws: FakeAws,
  wishes: Partial<AwsRequestToOpen> & Pick<AwsRequestToOpen, 'keyId'>,
) {
  const store = await openAwsKms({
    name: 'awskms',
    endpoint: aws.url,
    region: aws.region,
    tls: () => ({ ca: aws.pki.caPem }),
    credentials: givenCredentials('AKIDTEST', () => 'a secret access key', undefined),
    formerKeyIds: [],
    known: [],
    clock: systemClock(),
    ...wishes,
  })
  t.after(() => store.close())
  return store
}

const inUse = (...ids: readonly string[]) => ids.map((id) => ({ id, isRetired: false }))

describe('an AWS KMS store', () => {
  it('follows an alias to its key, and keeps to that key', async (t) => {
    const aws = await FakeAws.start(t)
    const key = aws.makeKey('cloud')
    const store = await opened(t, aws, { keyId: 'alias/cloud' })
    assert.equal(store.describe().currentKekId, key.arn)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const next = aws.makeKey('cloud')
    assert.equal((await store.wrap(KEY, CONTEXT, never)).kekId, key.arn)

    const later = await opened(t, aws, { keyId: 'alias/cloud', formerKeyIds: [key.arn] })
    assert.deepEqual(
      later.describe().keks.map(({ id, state }) => [id, state]),
      [
        [next.arn, 'primary'],
        [key.arn, 'decrypt-only'],
      ],
    )
    assert.deepEqual(Buffer.from(await later.unwrap(wrapped, CONTEXT, never)), KEY)
    await assert.rejects(
      opened(t, aws, { keyId: 'alias/cloud', formerKeyIds: [next.arn] }),
      refusal(/former_key_ids names .*, which is key_id/),
    )
  })

  it('wraps under the key that the database knows until another is promoted', async (t) => {
    const aws = await FakeAws.start(t)
    const [former, next] = [aws.makeKey(), aws.makeKey()]
    const keys = { keyId: next.arn, formerKeyIds: [former.arn] }
    const store = await opened(t, aws, { ...keys, known: inUse(former.arn) })
    assert.equal((await store.wrap(KEY, CONTEXT, never)).kekId, former.arn)
    assert.deepEqual(
      store.describe().keks.map(({ state }) => state),
      ['decrypt-only', 'primary'],
    )
    const canary = await store.wrapUnder(next.arn, KEY, CONTEXT, never)
    assert.deepEqual(Buffer.from(await store.unwrap(canary, CONTEXT, never)), KEY)
    assert.equal(store.follow(inUse(former.arn)), false)
    assert.equal(store.follow(inUse(former.arn, next.arn, 'arn:of:nobody')), true)
    assert.equal((await store.wrap(KEY, CONTEXT, never)).kekId, next.arn)
    const later = await opened(t, aws, { ...keys, known: inUse(former.arn, next.arn) })
    assert.equal(later.describe().currentKekId, next.arn)
  })

  it('opens nothing with a key that is retired, until the database says otherwise', async (t) => {
    const aws = await FakeAws.start(t)
    const [former, next] = [aws.makeKey(), aws.makeKey()]
    const keys = { keyId: next.arn, formerKeyIds: [former.arn] }
    const store = await opened(t, aws, { ...keys, known: inUse(former.arn, next.arn) })
    const wrapped = await store.wrapUnder(former.arn, KEY, CONTEXT, never)
    assert.equal(store.follow([{ id: former.arn, isRetired: true }, ...inUse(next.arn)]), true)
    assert.deepEqual(
      store.describe().keks.map(({ state }) => state),
      ['primary', 'retired'],
    )
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('corrupted', /is retired/))
    store.follow(inUse(former.arn, next.arn))
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), KEY)
  })

  it('notices nothing of a key whose material AWS rotates', async (t) => {
    const aws = await FakeAws.start(t)
    const key = aws.makeKey()
    const store = await opened(t, aws, { keyId: key.arn })
    const before = await store.wrap(KEY, CONTEXT, never)
    aws.rotateMaterial(key)
    assert.deepEqual(Buffer.from(await store.unwrap(before, CONTEXT, never)), KEY)
    const after = await store.wrap(KEY, CONTEXT, never)
    assert.equal(after.kekId, before.kekId)
    assert.deepEqual(Buffer.from(await store.unwrap(after, CONTEXT, never)), KEY)
    const later = await opened(t, aws, { keyId: key.arn, known: inUse(key.arn) })
    assert.deepEqual(later.describe(), store.describe())
    assert.deepEqual(Buffer.from(await later.unwrap(before, CONTEXT, never)), KEY)
    // What of that material is destroyed with the key itself is gone, whichever wrapped it.
    aws.keys.delete(key.arn)
    await assert.rejects(later.unwrap(before, CONTEXT, never), faultOf('unavailable', /NotFound/))
  })

  it('refuses keys that cannot serve, and credentials that may not', async (t) => {
    const aws = await FakeAws.start(t)
    const key = aws.makeKey()
    const keyId = key.arn
    await assert.rejects(opened(t, aws, { keyId: 'alias/none' }), refusal(/NotFoundException/))
    key.state = 'PendingDeletion'
    await assert.rejects(opened(t, aws, { keyId }), refusal(/is PendingDeletion; .* Enabled/))
    key.state = 'Enabled'
    key.spec = 'RSA_4096'
    await assert.rejects(opened(t, aws, { keyId }), refusal(/is RSA_4096; a KEK is SYMMETRIC/))
    key.spec = 'SYMMETRIC_DEFAULT'
    key.usage = 'GENERATE_VERIFY_MAC'
    await assert.rejects(opened(t, aws, { keyId }), refusal(/is for GENERATE_VERIFY_MAC/))
    key.usage = 'ENCRYPT_DECRYPT'
    aws.accounts.set('AKIDPOOR', { secret: 'poor', may: [] })
    const poor = givenCredentials('AKIDPOOR', () => 'poor', undefined)
    await assert.rejects(
      opened(t, aws, { keyId, credentials: poor }),
      refusal(/access key AKIDPOOR wants kms:DescribeKey, kms:Encrypt and kms:Decrypt on arn/),
    )
    for (const [id, secret, saying] of [
      ['AKIDTEST', 'a wrong secret', /InvalidSignatureException/],
      ['AKIDNONE', 'x', /UnrecognizedClientException/],
    ] as const) {
      const credentials = givenCredentials(id, () => secret, undefined)
      await assert.rejects(opened(t, aws, { keyId, credentials }), refusal(saying))
    }
    await assert.rejects(
      opened(t, aws, { keyId, tls: () => ({ ca: [] }) }),
      refusal(/cannot be reached: (SELF_SIGNED|UNABLE)/),
    )
  })

  it('signs for its time: a clock that is wrong is refused', async (t) => {
    const aws = await FakeAws.start(t)
    const { arn: keyId } = aws.makeKey()
    const clock = { ...systemClock(), epochMs: () => Date.now() - 600_000 }
    await assert.rejects(opened(t, aws, { keyId, clock }), refusal(/InvalidSignatureException/))
  })

  it('fetches other credentials when its own were ended', async (t) => {
    const aws = await FakeAws.start(t)
    const { arn: keyId } = aws.makeKey()
    let token = 'one'
    aws.accounts.set('ASIATEST', { secret: 'temporary', token: 'one' })
    const store = await opened(t, aws, {
      keyId,
      credentials: {
        name: 'a test',
        fetch: async () => new AwsCredentials('ASIATEST', 'temporary', token),
        close: () => undefined,
      },
    })
    await store.wrap(KEY, CONTEXT, never)
    aws.accounts.set('ASIATEST', { secret: 'temporary', token: 'two' })
    await assert.rejects(
      store.wrap(KEY, CONTEXT, never),
      faultOf('unavailable', /ExpiredTokenException/),
    )
    token = 'two'
    await store.wrap(KEY, CONTEXT, never)
  })

  it('tells a blob that does not open from a key that does not serve', async (t) => {
    const aws = await FakeAws.start(t)
    const key = aws.makeKey()
    const store = await opened(t, aws, { keyId: key.arn })
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    key.state = 'Disabled'
    await assert.rejects(
      store.unwrap(wrapped, CONTEXT, never),
      faultOf('unavailable', /DisabledException/),
    )
    key.state = 'Enabled'
    await store.unwrap(wrapped, CONTEXT, never)
    // Of a key that damaged bytes seem to name: our own serves at this moment.
    let isFirst = true
    aws.instead = () => {
      const is = isFirst
      isFirst = false
      return is ? [400, { __type: 'NotFoundException' }] : undefined
    }
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('corrupted'))
    for (const [status, type] of [
      [400, 'NotFoundException'],
      [400, 'AccessDeniedException'],
      [400, 'ThrottlingException'],
      [400, 'com.amazonaws.kms#KMSInvalidStateException'],
      [500, 'KMSInternalException'],
    ] as const) {
      aws.instead = () => [status, { __type: type, message: 'not today' }]
      await assert.rejects(
        store.unwrap(wrapped, CONTEXT, never),
        faultOf('unavailable', /not today/),
      )
    }
    aws.instead = () => [503, '<html>']
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /with 503/))
    aws.instead = () => [200, { KeyId: 'arn:another', Plaintext: KEY.toString('base64') }]
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /instead/))
    aws.instead = () => [200, '{}']
    await assert.rejects(
      store.unwrap(wrapped, CONTEXT, never),
      faultOf('unavailable', /something else/),
    )
  })

  it('away it is unavailable; back, it is found by itself', async (t) => {
    const aws = await FakeAws.start(t)
    const { arn: keyId } = aws.makeKey()
    const store = await opened(t, aws, { keyId })
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const { port } = aws.server
    aws.server.stop()
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /ECONN/))
    await assert.rejects(store.health(never), faultOf('unavailable'))
    await aws.server.listen(port)
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), KEY)
    await store.health(never)
  })
})

const shared = untilTheEnd()
let awsOfAll: Promise<FakeAws> | undefined
kekStoreContract('AWS KMS, at a stand-in that checks signatures', async () => {
  awsOfAll ??= FakeAws.start(shared)
  const aws = await awsOfAll
  return opened(shared, aws, { keyId: aws.makeKey().arn })
})

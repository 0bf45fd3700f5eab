import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KekSettingsFollower } from '../../../src/cli/kekSettingsFollower.ts'
import { openKekStore } from '../../../src/cli/openKekStore.ts'
import type { KekStoreSettings } from '../../../src/config/kekStoreKinds.ts'
import { canaryContext } from '../../../src/crypto/associatedData.ts'
import { ReplaceableKekStore } from '../../../src/crypto/kek/replaceableKekStore.ts'
import type { KekEvent } from '../../../src/crypto/kekFollower.ts'
import type { CanaryRow } from '../../../src/domain/ports/keyRepositories.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { FakeAws, type FakeAwsKey } from '../../support/fakeAws.ts'
import { type CleansUp, CONTEXT, KEY, never } from '../../support/keptStores.ts'
import { PemFolder } from '../../support/testPki.ts'
import { loadedFrom } from '../config/loadedFrom.ts'

const DEPLOYMENT_ID = '0123456789abcdef0123456789abcdef'

/** A server's store in AWS KMS with one KEK that is in use, and what its settings may become. */
async function cloud(t: CleansUp) {
  const aws = await FakeAws.start(t)
  const key = aws.makeKey()
  const caFile = new PemFolder(t).write('ca.pem', aws.pki.caPem)
  const settingsOf = (section: string) => loadedFrom(t, section).settings
  const naming = (wanted: FakeAwsKey, ...former: readonly FakeAwsKey[]) =>
    settingsOf(
      [
        '[secretstore]',
        'kek_store = awskms',
        '[awskms]',
        `endpoint_url = ${aws.url}`,
        `region = ${aws.region}`,
        `ca_certs = ${caFile}`,
        'access_key_id = AKIDTEST',
        'secret_access_key = a secret access key',
        `key_id = ${wanted.arn}`,
        `former_key_ids = ${former.map(({ arn }) => arn).join(',')}`,
        '',
      ].join('\n'),
    )
  const settings = naming(key)
  const [ofStore] = settings.kekStores
  const clock = systemClock()
  const around = { deployment: undefined, mayCreate: true, clock }
  const store = new ReplaceableKekStore(await openKekStore(ofStore as KekStoreSettings, around))
  t.after(() => store.close())
  const canary: CanaryRow = {
    store: 'awskms',
    wrapped: await store.wrap(
      Buffer.from(DEPLOYMENT_ID, 'latin1'),
      canaryContext(DEPLOYMENT_ID, 'awskms'),
      never,
    ),
    fingerprint: store.describe().keks[0]?.fingerprint ?? '',
    createdAt: clock.now(),
  }
  const now = { settings: () => settings, canaries: [canary] }
  const events: KekEvent[] = []
  const follower = new KekSettingsFollower({
    settings,
    readSettings: () => now.settings(),
    kekStores: [store],
    deployment: {
      read: async () => ({
        deploymentId: DEPLOYMENT_ID,
        canaries: now.canaries,
        storesInUse: ['awskms'],
      }),
    },
    deploymentId: DEPLOYMENT_ID,
    clock,
    onEvent: (event) => events.push(event),
    onKeyringEvent: () => undefined,
  })
  /** What becomes of these settings. */
  const reloaded = async (read: () => typeof settings): Promise<string> => {
    now.settings = read
    events.length = 0
    await follower.look()
    const [event, another] = events
    assert.equal(another, undefined)
    return event === undefined ? 'nothing' : event.type === 'refused' ? event.reason : event.type
  }
  return { aws, key, store, now, naming, settingsOf, reloaded }
}

describe('settings of a KEK store that changed', () => {
  it('are taken: another KEK is known, and the one in use goes on wrapping', async (t) => {
    const { aws, key, store, naming, reloaded } = await cloud(t)
    const next = aws.makeKey()
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    assert.equal(await reloaded(() => naming(next, key)), 'taken')
    assert.deepEqual(
      store.describe().keks.map(({ id, state }) => [id, state]),
      [
        [next.arn, 'decrypt-only'],
        [key.arn, 'primary'],
      ],
    )
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), KEY)
    assert.equal(await reloaded(() => naming(next, key)), 'nothing')
  })

  it('leave everything as it was when a KEK in use is missing, is gone, or does not open its canary', async (t) => {
    const { aws, key, store, now, naming, reloaded } = await cloud(t)
    const next = aws.makeKey()
    const before = store.describe()
    assert.match(await reloaded(() => naming(next)), /no canary of it|in use and not in awskms/)
    aws.keys.delete(next.arn)
    assert.match(await reloaded(() => naming(next, key)), /NotFoundException/)
    aws.keys.set(next.arn, next)
    const [canary] = now.canaries
    assert.ok(canary !== undefined)
    const blob = Uint8Array.from(canary.wrapped.blob, (byte, at) => (at === 40 ? byte ^ 1 : byte))
    now.canaries = [{ ...canary, wrapped: { ...canary.wrapped, blob } }]
    assert.match(await reloaded(() => naming(next, key)), /canary of KEK .* does not open/)
    assert.deepEqual(store.describe(), before)
    await store.unwrap(await store.wrap(KEY, CONTEXT, never), CONTEXT, never)
    // And they are tried again, with what was wrong put right.
    now.canaries = [canary]
    assert.equal(await reloaded(() => naming(next, key)), 'taken')
  })

  it('leave everything as it was when they cannot be used, or have no such store', async (t) => {
    const { store, settingsOf, reloaded } = await cloud(t)
    const before = store.describe()
    const broken = () => settingsOf('[awskms]\nkey_idd = x\n')
    assert.match(await reloaded(broken), /the settings cannot be used: .*key_idd/s)
    const keyring = () => settingsOf('[secretstore]\nkek_store = keyring\n')
    assert.match(await reloaded(keyring), /have no such store any more/)
    assert.deepEqual(store.describe(), before)
  })
})

import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fingerprintOf, type KekFacts, type KekState } from '../../../../src/crypto/kek/kek.ts'
import { sealKeyring } from '../../../../src/crypto/kek/keyringBody.ts'
import { openKeyringFile } from '../../../../src/crypto/kek/keyringFile.ts'
import { KeyringFileKekStore } from '../../../../src/crypto/kek/keyringFileKekStore.ts'
import { holdSecret, type KeyringProtection } from '../../../../src/crypto/kek/protection.ts'
import { dealShares } from '../../../../src/crypto/kek/shares/shareScheme.ts'
import { StartupRefusal } from '../../../../src/lib/startupRefusal.ts'
import { ManualClock } from '../cryptoRoom.ts'
import { everyFlip } from '../hex.ts'

const clock = new ManualClock()
const signal = new AbortController().signal
const CONTEXT = Buffer.from('context')
const CHEAP = { N: 16, r: 1, p: 1 }
const CREDENTIAL = randomBytes(32)

const PLAIN: KeyringProtection = { kind: 'plain' }
const SEALED: KeyringProtection = withPassphrase('open sesame')
const BY_CREDENTIAL: KeyringProtection = {
  kind: 'credential',
  secret: () => Buffer.from(CREDENTIAL),
}
const DEALT = dealShares({ threshold: 2, shares: 3 })
const BY_SHARES: KeyringProtection = { kind: 'shares', key: DEALT.key, scheme: DEALT.scheme }
const ALL = [PLAIN, SEALED, BY_CREDENTIAL, BY_SHARES]

function withPassphrase(passphrase: string): KeyringProtection {
  return { kind: 'passphrase', passphrase: () => Buffer.from(passphrase), cost: CHEAP }
}

const notRoot = process.geteuid?.() === 0 ? false : 'only root can give a file to another user'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-keyring-'))
})
after(() => rm(folder, { recursive: true }))

async function freshPath(): Promise<string> {
  return join(await mkdtemp(join(folder, 'k-')), 'keyring')
}

function open(path: string, protection: KeyringProtection, mayCreate = false) {
  return openKeyringFile({ path, protection, mayCreate, clock })
}

async function made(protection: KeyringProtection): Promise<string> {
  const path = await freshPath()
  await open(path, protection, true)
  return path
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const outcome = await attempt.then(
    () => assert.fail('It was expected to be refused.'),
    (cause: unknown) => cause,
  )
  assert.ok(outcome instanceof StartupRefusal, String(outcome))
  assert.doesNotMatch(outcome.message, /\n/)
  return outcome.message
}

function fingerprintsOf(store: KeyringFileKekStore): readonly string[] {
  return store.describe().keks.map((kek) => kek.fingerprint)
}

async function writePrivate(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(path, bytes, { mode: 0o600 })
}

for (const protection of ALL) {
  describe(`a keyring file, ${protection.kind}`, () => {
    test('is made once, 0600, and opened again as the same', async () => {
      const path = await freshPath()
      const first = await open(path, protection, true)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      const wrapped = await first.wrap(Buffer.alloc(32, 1), CONTEXT, signal)
      const second = await open(path, protection, true)
      assert.deepEqual(second.describe(), first.describe())
      assert.deepEqual(
        Buffer.from(await second.unwrap(wrapped, CONTEXT, signal)),
        Buffer.alloc(32, 1),
      )
      assert.deepEqual(await readdir(join(path, '..')), ['keyring'], 'no copy is left beside it')
    })

    test('ten processes that start at once use one keyring', async () => {
      const path = await freshPath()
      const stores = await Promise.all(
        Array.from({ length: 10 }, () => open(path, protection, true)),
      )
      assert.equal(new Set(stores.map((store) => store.describe().currentKekId)).size, 1)
      assert.deepEqual(await readdir(join(path, '..')), ['keyring'])
    })

    test('is not made beside existing project keys', async () => {
      const path = await freshPath()
      const wantedFingerprints = ['aabbccdd']
      const message = await refusalOf(
        openKeyringFile({ path, protection, mayCreate: false, wantedFingerprints, clock }),
      )
      assert.match(message, /no keyring at .*aabbccdd/)
      assert.deepEqual(await readdir(join(path, '..')), [])
    })

    test('with any byte changed it is refused, never opened as another', async () => {
      const path = await made(protection)
      const sound = await readFile(path)
      const fingerprints = fingerprintsOf(await open(path, protection))
      let refused = 0
      for (const [index, bytes] of everyFlip(sound).entries()) {
        await writePrivate(path, bytes)
        const outcome = await open(path, protection).catch((cause: unknown) => cause)
        // Id and time in a plain one are guarded by its permissions alone; its keys are guarded here too.
        if (protection.kind === 'plain' && outcome instanceof KeyringFileKekStore) {
          assert.deepEqual(fingerprintsOf(outcome), fingerprints)
        } else {
          assert.ok(outcome instanceof StartupRefusal, `byte ${index}: ${String(outcome)}`)
          refused += 1
        }
      }
      assert.ok(refused > 200 && refused >= sound.length - (protection.kind === 'plain' ? 42 : 0))
    })

    test('cut off anywhere it is refused', async () => {
      const path = await made(protection)
      const sound = await readFile(path)
      for (let length = 0; length < sound.length; length += 1) {
        await writePrivate(path, sound.subarray(0, length))
        await refusalOf(open(path, protection))
      }
      await writePrivate(path, Buffer.concat([sound, Buffer.alloc(1)]))
      assert.match(await refusalOf(open(path, protection)), /damaged/)
    })

    test('open to others it is refused, with the mode seen and the one wanted', async () => {
      const path = await made(protection)
      for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644]) {
        await chmod(path, mode)
        const message = await refusalOf(open(path, protection))
        assert.match(message, new RegExp(`mode 0${mode.toString(8)}.*0600`))
      }
      await chmod(path, 0o400)
      await open(path, protection)
    })

    test('of another user it is refused, with both users', { skip: notRoot }, async () => {
      const path = await made(protection)
      await chown(path, 12345, 0)
      assert.match(await refusalOf(open(path, protection)), /user 12345.*user 0/)
    })

    test('of a newer version it is refused, with both versions', async () => {
      const path = await made(protection)
      const file = (await readFile(path)).toString('latin1')
      await writePrivate(path, Buffer.from(file.replace(/"version":\d/, '"version":7'), 'latin1'))
      assert.match(await refusalOf(open(path, protection)), /version 7.* up to 2/)
    })

    test('under another protection than configured it is refused, with both', async () => {
      const path = await made(protection)
      for (const other of ALL.filter(({ kind }) => kind !== protection.kind)) {
        const message = await refusalOf(open(path, other))
        assert.match(message, new RegExp(`${protection.kind}.* ${other.kind}`))
      }
    })
  })
}

describe('a keyring file', () => {
  test('sealed by shares is of a version that older releases refuse; all others they read', async () => {
    for (const protection of ALL) {
      const [line = ''] = (await readFile(await made(protection))).toString('latin1').split('\n')
      assert.equal(JSON.parse(line).version, protection.kind === 'shares' ? 2 : 1)
      const path = await freshPath()
      const other = line.replace(/"version":\d/, (found) =>
        found.endsWith('1') ? '"version":2' : '"version":1',
      )
      await writePrivate(
        path,
        `${other}\n${'x'.repeat(32 + (protection.kind === 'plain' ? 0 : 28))}`,
      )
      assert.match(await refusalOf(open(path, protection)), /not what we write: version/)
    }
  })

  test('sealed by shares refuses those of another dealing', async () => {
    const path = await made(BY_SHARES)
    const other = dealShares({ threshold: 2, shares: 3 })
    const { scheme } = DEALT
    assert.match(
      await refusalOf(open(path, { kind: 'shares', key: other.key, scheme })),
      /shares given are not those the keyring .* was sealed with/,
    )
  })

  test('sealed by a passphrase refuses another one, and says it is that', async () => {
    const path = await made(SEALED)
    for (const wrong of ['open sesamf', 'Open sesame', 'open sesame ', ' open sesame', 'x']) {
      assert.match(await refusalOf(open(path, withPassphrase(wrong))), /passphrase/)
    }
    assert.match(await refusalOf(open(path, withPassphrase(''))), /empty/)
    assert.match(await refusalOf(open(path, withPassphrase('\n'))), /empty/)
  })

  test('takes a passphrase with the line break a file or an editor ends it with', async () => {
    const path = await made(SEALED)
    await open(path, withPassphrase('open sesame\n'))
    await open(path, withPassphrase('open sesame\r\n'))
    await refusalOf(open(path, withPassphrase('open sesame\n\n')))
  })

  test('takes a passphrase as KeyObject as well', async () => {
    const path = await made(SEALED)
    const passphrase = createSecretKey(Buffer.from('open sesame'))
    await open(path, { kind: 'passphrase', passphrase })
  })

  test('names the reason when its secret cannot be read', async () => {
    const secret = async () => Promise.reject(new Error('ENOENT: no such credential'))
    const message = await refusalOf(open(await freshPath(), { kind: 'credential', secret }, true))
    assert.match(message, /credential .* cannot be read: ENOENT: no such credential/)
  })

  test('asks for its secret once, also when the file is made', async () => {
    let asked = 0
    const secret = () => {
      asked += 1
      return Buffer.from(CREDENTIAL)
    }
    await open(await freshPath(), { kind: 'credential', secret }, true)
    assert.equal(asked, 1)
  })

  test('wipes passphrase and credential after use', async () => {
    for (const kind of ['passphrase', 'credential'] as const) {
      const given: Buffer[] = []
      const reader = () => {
        const bytes = Buffer.alloc(40, 0x61)
        given.push(bytes)
        return bytes
      }
      const path = await freshPath()
      await open(
        path,
        kind === 'passphrase'
          ? { kind, passphrase: reader, cost: CHEAP }
          : { kind, secret: reader },
        true,
      )
      assert.ok(given.length > 0)
      for (const bytes of given) assert.deepEqual(bytes, Buffer.alloc(40))
    }
  })

  test('sealed by a credential refuses another one, and one that is too short to trust', async () => {
    const path = await made(BY_CREDENTIAL)
    const other = { kind: 'credential', secret: () => randomBytes(32) } as const
    assert.match(await refusalOf(open(path, other)), /credential/)
    const short = { kind: 'credential', secret: () => randomBytes(31) } as const
    assert.match(await refusalOf(open(await freshPath(), short, true)), /31 bytes/)
  })

  test('by default costs a guesser scrypt with N = 2^17, r = 8, p = 1, told by its header', async () => {
    const path = await freshPath()
    const passphrase = () => Buffer.from('the real cost')
    await open(path, { kind: 'passphrase', passphrase }, true)
    const [line = ''] = (await readFile(path, 'latin1')).split('\n')
    const { protection } = JSON.parse(line) as { protection: Record<string, unknown> }
    const { N, r, p, kdf } = protection
    assert.deepEqual({ N, r, p, kdf }, { N: 131_072, r: 8, p: 1, kdf: 'scrypt' })
  })

  test('keeps the loop free while scrypt works', async () => {
    let turns = 0
    let isDone = false
    const count = () => {
      turns += 1
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    const protection = { ...SEALED, cost: { N: 2 ** 14, r: 8, p: 1 } } as KeyringProtection
    await open(await freshPath(), protection, true)
    isDone = true
    assert.ok(turns > 100, `${turns} turns`)
  })

  test('refuses a header that would take all memory', async () => {
    const path = await made(SEALED)
    const file = (await readFile(path)).toString('latin1')
    await writePrivate(path, Buffer.from(file.replace('"N":16', '"N":1073741824'), 'latin1'))
    assert.match(await refusalOf(open(path, SEALED)), /scrypt/)
  })

  test('holds no key in clear when it is sealed, and its fingerprint tells nothing of the key', async () => {
    const key = randomBytes(32)
    const facts = factsOf(key, 'primary')
    for (const protection of [SEALED, BY_CREDENTIAL]) {
      const file = await sealKeyring([facts], key, await holdSecret(protection))
      for (let at = 0; at + 4 <= 32; at += 4)
        assert.equal(file.includes(key.subarray(at, at + 4)), false)
    }
    assert.equal(key.toString('hex').includes(facts.fingerprint), false)
  })

  test('that is a folder, a link to nowhere, text or empty is refused', async () => {
    const path = await freshPath()
    await mkdir(path, { mode: 0o700 })
    assert.match(await refusalOf(open(path, PLAIN)), /not a regular file/)
    await rm(path, { recursive: true })
    await symlink(`${path}-nowhere`, path)
    assert.match(await refusalOf(open(path, PLAIN)), /no keyring at/)
    await rm(path)
    for (const text of [
      '',
      'hello\n',
      '{}\n',
      '[]\n',
      'null\n',
      '{"format":"gatehouse-keyring"}\n',
    ]) {
      await writePrivate(path, text)
      await refusalOf(open(path, PLAIN))
    }
    await writePrivate(path, Buffer.alloc(2 * 1024 * 1024))
    assert.match(await refusalOf(open(path, PLAIN)), /too large/)
  })

  test('in a folder that is not there is refused, with the reason', async () => {
    const path = join(folder, 'nowhere', 'keyring')
    assert.match(await refusalOf(open(path, PLAIN, true)), /ENOENT/)
  })
})

function factsOf(key: Uint8Array, state: KekState): KekFacts {
  return {
    id: randomBytes(8).toString('hex'),
    state,
    createdAt: clock.now(),
    fingerprint: fingerprintOf(key),
  }
}

describe('a keyring of several KEKs', () => {
  async function written(states: readonly KekState[]): Promise<string> {
    const path = await freshPath()
    const keys = Buffer.concat(states.map((_, index) => Buffer.alloc(32, index + 1)))
    const facts = states.map((state, index) => factsOf(Buffer.alloc(32, index + 1), state))
    await writePrivate(path, await sealKeyring(facts, keys, await holdSecret(SEALED)))
    return path
  }

  test('wraps under the primary one and unwraps under all that are not retired', async () => {
    const path = await freshPath()
    const key = Buffer.alloc(32, 1)
    const old = factsOf(key, 'primary')
    await writePrivate(path, await sealKeyring([old], key, await holdSecret(SEALED)))
    const wrapped = await (await open(path, SEALED)).wrap(Buffer.alloc(32, 7), CONTEXT, signal)
    const keys = Buffer.concat([Buffer.alloc(32, 2), key])
    const younger = factsOf(Buffer.alloc(32, 2), 'primary')
    for (const state of ['active', 'decrypt-only'] as const) {
      await writePrivate(
        path,
        await sealKeyring([younger, { ...old, state }], keys, await holdSecret(SEALED)),
      )
      const store = await open(path, SEALED)
      assert.deepEqual(
        Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)),
        Buffer.alloc(32, 7),
      )
      assert.equal((await store.wrap(key, CONTEXT, signal)).kekId, younger.id)
    }
    await writePrivate(
      path,
      await sealKeyring([younger, { ...old, state: 'retired' }], keys, await holdSecret(SEALED)),
    )
    const store = await open(path, SEALED)
    await assert.rejects(store.unwrap(wrapped, CONTEXT, signal), /is retired/)
  })

  test('with no primary one, or two, is refused', async () => {
    await refusalOf(open(await written(['active', 'decrypt-only']), SEALED))
    await refusalOf(open(await written(['primary', 'primary']), SEALED))
    await open(await written(['primary', 'retired']), SEALED)
  })
})

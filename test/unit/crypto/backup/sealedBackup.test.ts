import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  type BackupKey,
  generateBackupKeys,
  privateKeyIn,
  publicKeyIn,
} from '../../../../src/crypto/backup/backupKeys.ts'
import { OpensBackups, SealsBackups } from '../../../../src/crypto/backup/sealedBackup.ts'
import type { Timestamp } from '../../../../src/lib/timestamp.ts'
import { allOf, inPieces } from '../../../support/pieces.ts'
import { refusal } from '../../../support/refusals.ts'

const HEAD = {
  deploymentId: 'ab'.repeat(16),
  schema: '0002-containers-and-the-rest',
  createdAt: '2026-11-22T12:00:00.000000' as Timestamp,
}
const CONTENT = randomBytes(300)

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const PAIRS: Readonly<Record<string, Pair>> = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  X25519: generateKeyPairSync('x25519'),
  'RSA of 3072 bits': generateKeyPairSync('rsa', { modulusLength: 3072 }),
}
const [EC, P384, X25519] = Object.values(PAIRS) as [Pair, Pair, Pair]

type Form = 'pem' | 'jwk'

function fileOf(key: KeyObject, form: Form): Buffer {
  if (form === 'jwk') return Buffer.from(JSON.stringify(key.export({ format: 'jwk' })))
  const type = key.type === 'private' ? 'pkcs8' : 'spki'
  return Buffer.from(key.export({ format: 'pem', type }))
}

const recipient = ({ publicKey }: Pair, form: Form = 'pem') =>
  publicKeyIn('it', fileOf(publicKey, form))
const holder = ({ privateKey }: Pair, form: Form = 'pem') =>
  privateKeyIn('it', fileOf(privateKey, form), undefined)

async function sealedTo(...recipients: readonly BackupKey[]): Promise<Buffer> {
  return allOf(new SealsBackups(recipients).seal(HEAD, inPieces(CONTENT)))
}

async function open(file: Uint8Array, key: BackupKey) {
  const { head, content } = await new OpensBackups(key).open(inPieces(file, 100))
  return { head, content: await allOf(content) }
}

describe('a sealed backup', () => {
  for (const [name, pair] of Object.entries(PAIRS)) {
    for (const form of ['pem', 'jwk'] as const) {
      test(`opens with ${name} in ${form}`, async () => {
        const file = await sealedTo(await recipient(pair, form))
        const opened = await open(file, await holder(pair, form))
        assert.deepEqual(opened, { head: HEAD, content: CONTENT })
      })
    }
  }

  test('sealed to several opens with each of them alone', async () => {
    const recipients = await Promise.all(Object.values(PAIRS).map((pair) => recipient(pair)))
    const file = await sealedTo(...recipients)
    for (const pair of Object.values(PAIRS)) {
      assert.deepEqual((await open(file, await holder(pair))).content, CONTENT)
    }
  })

  test('lets go of its file when it is left before its end, or does not open', async () => {
    const file = await sealedTo(await recipient(EC))
    let isClosed = false
    async function* opened() {
      try {
        yield* inPieces(file, 1000)
      } finally {
        isClosed = true
      }
    }
    const backup = await new OpensBackups(await holder(EC)).open(opened())
    assert.equal(isClosed, false)
    await backup.close()
    assert.equal(isClosed, true)
    isClosed = false
    await assert.rejects(new OpensBackups(await holder(P384)).open(opened()))
    assert.equal(isClosed, true)
  })

  test('says in its first line what it is and whose, and shows nothing of its content', async () => {
    const key = await recipient(EC)
    const file = await sealedTo(key)
    const line: unknown = JSON.parse(file.toString('utf8', 0, file.indexOf('\n')))
    assert.partialDeepStrictEqual(line, {
      format: 'gatehouse-backup',
      version: 1,
      deployment: HEAD.deploymentId,
      schema: HEAD.schema,
      createdAt: HEAD.createdAt,
      key: { recipients: [{ header: { alg: 'ECDH-ES+A256KW', kid: key.thumbprint } }] },
    })
    assert.ok(!file.includes(CONTENT.subarray(0, 16)))
  })

  test('two of the same content have nothing in common', async () => {
    const key = await recipient(EC)
    const [a, b] = [await sealedTo(key), await sealedTo(key)]
    assert.notDeepEqual(a.subarray(-100), b.subarray(-100))
  })
})

describe('an attacker on a backup', () => {
  test('has another private key, of the same kind or of another', async () => {
    const file = await sealedTo(await recipient(EC))
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const pair of [other, P384, X25519]) {
      const key = await holder(pair)
      const wanted = new RegExp(`does not open with this key \\(${key.thumbprint}\\)`)
      await assert.rejects(open(file, key), refusal(wanted))
    }
  })

  test('exchanges the first line for that of another backup to the same key', async () => {
    const key = await recipient(EC)
    const [a, b] = [await sealedTo(key), await sealedTo(key)]
    const mixed = Buffer.concat([
      a.subarray(0, a.indexOf('\n') + 1),
      b.subarray(b.indexOf('\n') + 1),
    ])
    await assert.rejects(open(mixed, await holder(EC)), refusal(/first line or its first chunk/))
  })

  test('changes what the first line says of deployment, schema or time', async () => {
    const text = (await sealedTo(await recipient(EC))).toString('latin1')
    for (const [from, to] of [
      [HEAD.deploymentId, 'cd'.repeat(16)],
      [HEAD.schema, '0001-secrets-and-orders'],
      ['12:00:00', '13:00:00'],
    ] as const) {
      const changed = Buffer.from(text.replace(from, to), 'latin1')
      await assert.rejects(
        open(changed, await holder(EC)),
        refusal(/first line or its first chunk/),
      )
    }
  })

  test('adds a recipient, or takes one away', async () => {
    const file = await sealedTo(await recipient(EC), await recipient(X25519))
    const end = file.indexOf('\n')
    const header = JSON.parse(file.toString('utf8', 0, end)) as {
      key: { recipients: readonly unknown[] }
    }
    const { recipients } = header.key
    for (const others of [recipients.slice(0, 1), [...recipients, recipients[0]]]) {
      const line = JSON.stringify({ ...header, key: { ...header.key, recipients: others } })
      const changed = Buffer.concat([Buffer.from(line), file.subarray(end)])
      await assert.rejects(
        open(changed, await holder(EC)),
        refusal(/first line or its first chunk/),
      )
    }
  })

  test('turns one bit anywhere in the file', async () => {
    const file = await sealedTo(await recipient(X25519))
    const key = await holder(X25519)
    for (let at = 0; at < file.length; at += 1) {
      const flipped = Buffer.from(file)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      await assert.rejects(open(flipped, key), refusal(/./), `byte ${at}`)
    }
  })

  test('cuts the file anywhere', async () => {
    const file = await sealedTo(await recipient(X25519))
    const key = await holder(X25519)
    for (let end = 0; end < file.length; end += 1) {
      await assert.rejects(open(file.subarray(0, end), key), refusal(/./), `cut at ${end}`)
    }
  })

  test('asks for an algorithm that we do not use', async () => {
    const file = await sealedTo(await recipient(EC))
    const text = file.toString('latin1')
    for (const algorithm of ['dir', 'ECDH-ES', 'ECDH-ES+A128KW', 'RSA1_5', 'none']) {
      const changed = Buffer.from(text.replace('ECDH-ES+A256KW', algorithm), 'latin1')
      await assert.rejects(open(changed, await holder(EC)), refusal(/does not open with this key/))
    }
  })

  test('gives a first line without end, of another version, or of another kind', async () => {
    const key = await holder(EC)
    await assert.rejects(open(Buffer.alloc(200_000, 0x20), key), refusal(/is no backup/))
    await assert.rejects(open(randomBytes(5000), key), refusal(/is no backup/))
    const later = Buffer.from('{"format":"gatehouse-backup","version":2}\n')
    await assert.rejects(open(later, key), refusal(/has version 2, this Gatehouse reads version 1/))
    const bare = Buffer.from('{"format":"gatehouse-backup","version":1}\n')
    await assert.rejects(open(bare, key), refusal(/first line of the backup is not what we write/))
  })
})

describe('keys of backups', () => {
  const unfit: Readonly<Record<string, KeyObject>> = {
    'RSA of 2048 bits': generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
    'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey,
    Ed25519: generateKeyPairSync('ed25519').publicKey,
    X448: generateKeyPairSync('x448').publicKey,
  }
  for (const [name, key] of Object.entries(unfit)) {
    test(`${name} is refused`, async () => {
      await assert.rejects(publicKeyIn('it', fileOf(key, 'pem')), refusal(/P-256, P-384, X25519/))
    })
  }

  test('a private key is no recipient, in PEM or JWK', async () => {
    for (const form of ['pem', 'jwk'] as const) {
      const file = fileOf(EC.privateKey, form)
      await assert.rejects(publicKeyIn('it', file), refusal(/it is a private key/))
    }
  })

  test('a public key, or no key at all, opens nothing', async () => {
    for (const file of [
      fileOf(EC.publicKey, 'pem'),
      fileOf(EC.publicKey, 'jwk'),
      Buffer.from('{'),
    ]) {
      await assert.rejects(privateKeyIn('it', file, undefined), refusal(/no private key/))
    }
  })

  test('a pair that was made here seals and opens, under a passphrase as well', async () => {
    for (const passphrase of [undefined, Buffer.from('correct horse')]) {
      const { privatePem, publicPem } = generateBackupKeys(passphrase)
      assert.equal(privatePem.includes('ENCRYPTED'), passphrase !== undefined)
      const file = await sealedTo(await publicKeyIn('it', publicPem))
      const key = await privateKeyIn('it', privatePem, passphrase)
      assert.deepEqual((await open(file, key)).content, CONTENT)
    }
  })

  test('a passphrase that is wrong, or missing, is one sentence', async () => {
    const { privatePem } = generateBackupKeys(Buffer.from('correct horse'))
    const wrong = privateKeyIn('it', privatePem, Buffer.from('wrong'))
    await assert.rejects(wrong, refusal(/another passphrase/))
    await assert.rejects(privateKeyIn('it', privatePem, undefined), refusal(/--passphrase-file/))
  })
})

import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { ByteSource } from '../../../../src/crypto/backup/byteSource.ts'
import { CHUNK_BYTES, openChunks, sealChunks } from '../../../../src/crypto/backup/chunkStream.ts'
import { allOf, inPieces, listOf } from '../../../support/pieces.ts'
import { refusal } from '../../../support/refusals.ts'

const HEAD_BYTES = 4
const KEY = createSecretKey(randomBytes(32))
const CONTENT = randomBytes(3 * CHUNK_BYTES + 1000)

async function sealed(content = CONTENT, key = KEY): Promise<readonly Buffer[]> {
  return (await listOf(sealChunks(key, inPieces(content, 100_000)))).map((it) => Buffer.from(it))
}

function opened(bytes: Uint8Array, pieceBytes = 100_000): Promise<Buffer> {
  return allOf(openChunks(KEY, new ByteSource(inPieces(bytes, pieceBytes))))
}

async function refused(chunks: readonly Uint8Array[], message: RegExp): Promise<void> {
  await assert.rejects(opened(Buffer.concat(chunks)), refusal(message))
}

const DAMAGED = /damaged or was changed/

describe('sealed chunks', () => {
  for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]) {
    test(`${length} bytes come back, in one chunk more than are full`, async () => {
      const content = randomBytes(length)
      const chunks = await sealed(content)
      assert.equal(chunks.length, Math.max(1, Math.ceil(length / CHUNK_BYTES)))
      assert.deepEqual(await opened(Buffer.concat(chunks)), content)
    })
  }

  test('come back wherever the file is cut into pieces', async () => {
    const bytes = Buffer.concat(await sealed())
    for (const size of [4099, CHUNK_BYTES, bytes.length]) {
      assert.deepEqual(await opened(bytes, size), CONTENT)
    }
  })

  test('hold one chunk in memory at a time', async () => {
    let asked = 0
    async function* endless() {
      for (;;) {
        asked += CHUNK_BYTES
        yield Buffer.alloc(CHUNK_BYTES)
      }
    }
    let given = 0
    for await (const chunk of sealChunks(KEY, endless())) {
      given += chunk.length
      assert.ok(asked - given < 2 * CHUNK_BYTES, `${asked - given} bytes waited`)
      if (given > 50 * CHUNK_BYTES) return
    }
  })

  test('show nothing of their content, also where it repeats', async () => {
    const chunks = await sealed(Buffer.alloc(2 * CHUNK_BYTES))
    assert.notDeepEqual(
      chunks[0]?.subarray(HEAD_BYTES, 1000),
      chunks[1]?.subarray(HEAD_BYTES, 1000),
    )
  })
})

describe('an attacker on the chunks', () => {
  test('cuts the file at a border of chunks', async () => {
    const chunks = await sealed()
    for (let count = 0; count < chunks.length; count += 1) {
      await refused(
        chunks.slice(0, count),
        new RegExp(`cut short: it ends inside chunk ${count + 1}`),
      )
    }
  })

  test('cuts the file anywhere inside a chunk', async () => {
    const bytes = Buffer.concat(await sealed())
    for (let at = 1; at < bytes.length; at += 9973)
      await refused([bytes.subarray(0, at)], /cut short/)
    await refused([bytes.subarray(0, -1)], /cut short/)
  })

  test('cuts the file and marks what is now the last chunk', async () => {
    const [first, second] = (await sealed()) as [Buffer, Buffer]
    second.writeUInt32BE(second.readUInt32BE() + 0x8000_0000)
    await refused([first, second], DAMAGED)
  })

  test('takes the mark from the last chunk and appends others', async () => {
    const chunks = await sealed(randomBytes(2 * CHUNK_BYTES))
    const last = chunks.at(-1) ?? assert.fail()
    last.writeUInt32BE(last.readUInt32BE() - 0x8000_0000)
    await refused([...chunks, ...(await sealed())], DAMAGED)
  })

  test('exchanges two chunks', async () => {
    const [a, b, ...rest] = (await sealed()) as [Buffer, Buffer, ...Buffer[]]
    await refused([b, a, ...rest], DAMAGED)
  })

  test('repeats a chunk', async () => {
    const [a, ...rest] = (await sealed()) as [Buffer, ...Buffer[]]
    await refused([a, a, ...rest], DAMAGED)
  })

  test('drops a chunk', async () => {
    const chunks = await sealed()
    for (let gone = 0; gone < chunks.length - 1; gone += 1) {
      await refused(chunks.toSpliced(gone, 1), DAMAGED)
    }
  })

  test('puts in a chunk of another backup, from the same place', async () => {
    const other = await sealed(CONTENT, createSecretKey(randomBytes(32)))
    const chunks = await sealed()
    for (const [place, chunk] of other.entries()) {
      await refused(chunks.with(place, chunk), DAMAGED)
    }
  })

  test('appends to the last chunk', async () => {
    await refused([...(await sealed()), Buffer.of(0)], /Something follows/)
    await refused([...(await sealed()), ...(await sealed())], /Something follows/)
  })

  test('claims another length', async () => {
    for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES + 1, 0x7fff_ffff]) {
      const [first, ...rest] = (await sealed()) as [Buffer, ...Buffer[]]
      first.writeUInt32BE(length)
      await refused([first, ...rest], DAMAGED)
    }
  })

  test('turns one bit anywhere', async () => {
    const bytes = Buffer.concat(await sealed(randomBytes(300)))
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      await refused([flipped], /damaged or was changed|cut short|Something follows/)
    }
  })
})

import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openGcm, sealGcm } from '../../src/crypto/gcm.ts'
import { Fault } from '../../src/lib/fault.ts'
import { type Appliance, exampleKekStore } from './exampleKekStore.ts'
import { kekStoreContract } from './kekStoreContract.ts'

const NOTHING = new Uint8Array()

function applianceInMemory(): Appliance {
  const key = createSecretKey(randomBytes(32))
  return {
    keyId: randomBytes(8).toString('hex'),
    seal: async (bytes) => {
      const sealed = Buffer.concat([randomBytes(12), Buffer.alloc(bytes.length + 16)])
      sealGcm(key, NOTHING, bytes, sealed, 0)
      return sealed
    },
    open: async (sealed) => {
      try {
        return openGcm(key, NOTHING, sealed, 0, sealed.length)
      } catch (cause) {
        throw new Fault('corrupted', 'It does not open.', { cause })
      }
    },
    ping: async () => undefined,
  }
}

kekStoreContract('the example of docs/kek-stores/write-your-own.md', async () =>
  exampleKekStore(applianceInMemory()),
)

test('docs/kek-stores/write-your-own.md shows the example as it is, and it has 40 lines', () => {
  const code = readFileSync(join(import.meta.dirname, 'exampleKekStore.ts'), 'utf8')
  const page = join(import.meta.dirname, '../../docs/kek-stores/write-your-own.md')
  assert.ok(readFileSync(page, 'utf8').includes(`\`\`\`ts\n${code}\`\`\`\n`))
  const body = code.slice(code.indexOf('const sha256'))
  assert.ok(body.trimEnd().split('\n').length <= 40, 'the store itself is short')
})

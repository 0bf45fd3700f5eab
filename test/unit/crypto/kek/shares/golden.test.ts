import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { canaryContext } from '../../../../../src/crypto/associatedData.ts'
import { readShareScheme, SealableKeyring } from '../../../../../src/crypto/kek/sealableKeyring.ts'
import { ShareDesk } from '../../../../../src/crypto/kek/shares/shareDesk.ts'
import { readShare } from '../../../../../src/crypto/kek/shares/shareText.ts'
import { ManualClock } from '../../cryptoRoom.ts'
import { goldenKeyring, goldenRecords } from '../../goldenFiles.ts'

interface Golden {
  readonly shares: readonly string[]
  readonly file: string
}

const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../vectors/golden/keyringShares.json'), 'utf8'),
)
const signal = new AbortController().signal

describe('a keyring that was sealed by shares once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-golden-'))
  after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'keyring')
  writeFileSync(path, Buffer.from(golden.file, 'hex'), { mode: 0o600 })

  test('opens with the shares people have on paper, to the KEKs that it had', async () => {
    for (const chosen of [
      [0, 1, 2],
      [4, 2, 0],
      [1, 3, 4],
    ]) {
      const keyring = await SealableKeyring.open({ path, clock: new ManualClock() })
      assert.deepEqual(keyring.describe().keks, goldenKeyring().keks)
      const desk = new ShareDesk({ readScheme: () => readShareScheme(path) })
      for (const at of chosen) {
        const key = await desk.take(readShare(Buffer.from(golden.shares[at] ?? '')))
        if (key !== undefined) await keyring.unseal(key, async () => undefined)
      }
      assert.equal(keyring.isSealed, false)
      const { canaries, deploymentId } = goldenRecords()
      const [canary = assert.fail('no canary')] = canaries
      const context = canaryContext(deploymentId, canary.store)
      const opened = Buffer.from(await keyring.unwrap(canary.wrapped, context, signal))
      assert.equal(opened.toString(), deploymentId)
    }
  })
})

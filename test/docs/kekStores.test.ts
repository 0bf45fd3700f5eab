import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { storeOptionMistakes } from '../../src/config/kekStoreKinds.ts'
import { loadedFrom } from '../unit/config/loadedFrom.ts'
import { ROOT } from './documents.ts'

const PAGES = ['kmip', 'transit', 'aws-kms']

describe('the pages about KEK stores', () => {
  for (const page of PAGES) {
    it(`docs/kek-stores/${page}.md shows settings that load`, (t) => {
      const text = readFileSync(join(ROOT, 'docs/kek-stores', `${page}.md`), 'utf8')
      const blocks = [...text.matchAll(/^```ini\n(.*?)^```$/gms)].map(([, block = '']) => block)
      assert.equal(blocks.length, 2)
      const kind = page.replace('-', '')
      for (const block of blocks) {
        // What a block leaves out is in the first one.
        const chosen = block.includes('kek_store') ? '' : `[secretstore]\nkek_store = ${kind}\n`
        const { settings, notices } = loadedFrom(t, `${chosen}${block}`)
        assert.deepEqual(notices, [])
        const [store] = settings.kekStores
        assert.ok(store !== undefined)
        assert.equal(store.kind, kind)
        assert.deepEqual(storeOptionMistakes(store), [])
      }
    })
  }

  it('docs/kek-stores/tenants.md shows settings that load, with owners of the second store', (t) => {
    const text = readFileSync(join(ROOT, 'docs/kek-stores/tenants.md'), 'utf8')
    const [block = ''] = [...text.matchAll(/^```ini\n(.*?)^```$/gms)].map(([, it]) => it)
    const keystone =
      '[keystone_authtoken]\nauth_url = https://keystone.example/v3\nusername = u\nproject_name = s\n'
    const { settings, notices } = loadedFrom(t, `${keystone}${block}`, {
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'p',
    })
    assert.deepEqual(notices, [])
    assert.deepEqual(
      settings.secretStores.map(({ projects, domains }) => [projects.length, domains.length]),
      [
        [0, 0],
        [2, 1],
      ],
    )
  })
})

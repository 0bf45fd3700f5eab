import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HSM_PROFILES } from '../../src/crypto/kek/pkcs11/hsmProfiles.ts'
import { ROOT } from './documents.ts'

test('the page about HSMs has a row for each profile, as `gatehouse hsm probe` tells it', () => {
  const page = readFileSync(join(ROOT, 'docs/kek-stores/pkcs11.md'), 'utf8')
  for (const { name, library, mechanism, why, notes, isTested } of HSM_PROFILES) {
    const chosen = mechanism === undefined ? '' : `\`${mechanism}\`, `
    const tested = isTested ? 'yes' : 'no'
    const row = `| ${name} | ${tested} | \`${library}\` | ${chosen}${why} | ${notes} |`
    assert.ok(page.includes(row), row)
  }
})

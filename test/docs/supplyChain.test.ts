import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly link?: boolean
}

const manifest = JSON.parse(read('package.json')) as Readonly<
  Record<string, Readonly<Record<string, string>> | undefined>
>
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>
}
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

test('every dependency is one exact version, and the lock file has that one', () => {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name)
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
    }
  }
})

test('every package that may be installed is held to a hash', () => {
  assert.ok(locked.length > 100)
  for (const [path, { integrity, link = false }] of locked) {
    assert.ok(!link && /^sha512-/.test(integrity ?? ''), path)
  }
})

test('no package runs a script when it is installed, and none could', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m)
  const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true)
  assert.deepEqual(scripted, [])
})

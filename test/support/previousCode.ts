import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MIGRATIONS } from '../../src/db/migrationList.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export interface PreviousCode {
  /** The path of its `gatehouse`. */
  readonly program: string
  /** The migration that it does not know. */
  readonly unknown: string
}

/**
 * The house as it stood before its newest migration came, from this repository's own history: what runs on
 * the other nodes while an upgrade goes through a cloud.
 */
export function previousCode(folder: string): PreviousCode {
  const added = ['log', '--diff-filter=A', '--format=%H', '-1', '--']
  const commit = git(...added, 'migrations/0*.ts').trim()
  assert.match(commit, /^[0-9a-f]{40}$/, 'no migration in the history: is this a full clone?')
  const unknown = MIGRATIONS.find(
    ({ name }) => git(...added, `migrations/${name}.ts`).trim() === commit,
  )
  assert.ok(unknown !== undefined)
  mkdirSync(folder)
  execFileSync('tar', ['-x', '-C', folder], {
    input: execFileSync('git', ['-C', ROOT, 'archive', `${commit}~1`], {
      maxBuffer: 512 * 1024 * 1024,
    }),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return { program: join(folder, 'bin', 'gatehouse.js'), unknown: unknown.name }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' })
}

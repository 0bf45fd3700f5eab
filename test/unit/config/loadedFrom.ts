import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ConfigSource } from '../../../src/config/configFiles.ts'
import type { Environment } from '../../../src/config/environment.ts'
import { type LoadedSettings, loadSettings } from '../../../src/config/loadSettings.ts'
import type { Place } from '../../../src/config/setting.ts'
import { SettingsRefused } from '../../../src/config/settingsMistake.ts'

export const ELSEWHERE: Place = {
  packageRoot: '/opt/gatehouse',
  isClone: false,
  stateDirectory: '/var/lib/somewhere',
  credentialsDirectory: undefined,
}

interface CleansUp {
  after(work: () => void): unknown
}

/** Writes files into a folder of their own and answers their paths. */
export function filesWith(t: CleansUp, contents: Readonly<Record<string, string | Uint8Array>>) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return { folder, path: (name: string) => join(folder, name) }
}

/** Settings from one file of this content. */
export function loadedFrom(
  t: CleansUp,
  content: string | Uint8Array,
  env: Environment = {},
  place: Place = ELSEWHERE,
): LoadedSettings {
  const files = filesWith(t, { 'gatehouse.conf': content })
  return loadSettings({
    sources: [{ kind: 'file', path: files.path('gatehouse.conf') }],
    env,
    place,
  })
}

/** What is wrong with this content, `line: what` each; nothing when it loads. */
export function mistakesIn(
  t: CleansUp,
  content: string | Uint8Array,
  env: Environment = {},
): readonly string[] {
  try {
    loadedFrom(t, content, env)
    return []
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    return error.mistakes.map(({ where, what }) => `${where.replace(/^.*\//, '')}: ${what}`)
  }
}

export function sourcesOf(...sources: readonly (readonly [ConfigSource['kind'], string])[]) {
  return sources.map(([kind, path]) => ({ kind, path }))
}

import { isAbsolute, join } from 'node:path'
import type { Given } from './setting.ts'

/** What we keep ourselves lies below `state_path` unless its path is absolute. */
export function belowState(path: string, given: Given): string {
  return isAbsolute(path) ? path : join(given.statePath, path)
}

/**
 * What an operator wrote lies beside the configuration file that names it, as oslo finds policy files;
 * nothing is ever relative to the working directory.
 */
export function besideConfig(path: string, given: Given): string {
  if (isAbsolute(path)) return path
  const candidates = [...given.configFolders, given.statePath].map((folder) => join(folder, path))
  return candidates.find((candidate) => given.exists(candidate)) ?? candidates[0] ?? path
}

export function allBesideConfig(paths: readonly string[], given: Given): readonly string[] {
  return paths.map((path) => besideConfig(path, given))
}

/** Three slashes are a relative path in SQLAlchemy's URLs, four an absolute one. */
export function sqliteBelowState(url: string, given: Given): string {
  const match = /^(sqlite(?:\+\w+)?:\/\/\/)([^/:?].*)$/is.exec(url)
  const [, scheme, path] = match ?? []
  return scheme === undefined || path === undefined
    ? url
    : `${scheme}${join(given.statePath, path)}`
}

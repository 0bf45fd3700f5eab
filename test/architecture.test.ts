import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/**
 * Who may import whom: rooms of src/, node: modules and packages. A new entry is an architecture
 * decision and wants an ADR. `node:` modules listed under EVERYONE are harmless anywhere.
 */
const EVERYONE = ['node:buffer', 'node:events', 'node:timers']
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: ['node:crypto', 'node:fs', 'node:tls'],
  model: ['lib'],
  policy: ['lib', 'model', 'yaml', 'node:fs', 'node:path'],
  domain: ['lib', 'model', 'policy'],
  worker: ['lib', 'model', 'policy', 'domain'],
  http: [
    'lib',
    'model',
    'policy',
    'domain',
    'koa',
    '@koa/router',
    'zod',
    'node:crypto',
    'node:http',
    'node:net',
    'node:fs',
  ],
  crypto: [
    'lib',
    'model',
    'policy',
    'domain',
    'jose',
    'lru-cache',
    'zod',
    'node:child_process',
    'node:crypto',
    'node:fs',
    'node:http',
    'node:https',
    'node:net',
    'node:os',
    'node:path',
    'node:stream',
    'node:tls',
    'node:util',
  ],
  db: [
    'lib',
    'model',
    'domain',
    'migrations',
    'knex',
    'better-sqlite3',
    'mysql2',
    'pg',
    'zod',
    'node:fs',
    'node:path',
    'node:worker_threads',
    'node:url',
    'node:fs/promises',
    'node:timers/promises',
    'node:net',
    'node:tls',
  ],
  identity: [
    'lib',
    'model',
    'domain',
    'jose',
    'lru-cache',
    'zod',
    'node:crypto',
    'node:fs',
    'node:http',
    'node:https',
    'node:path',
    'node:net',
    'node:tls',
  ],
  messaging: ['lib', 'model', 'domain', 'amqplib', 'zod', 'node:crypto'],
  tls: [
    'lib',
    'node:crypto',
    'node:fs',
    'node:net',
    'node:path',
    'node:tls',
    '@peculiar/x509',
    'reflect-metadata',
  ],
  ops: [
    'lib',
    'model',
    'policy',
    'domain',
    'http',
    'pino',
    'prom-client',
    'node:crypto',
    'node:fs',
    'node:http',
    'node:path',
    'node:perf_hooks',
  ],
  config: ['lib', 'model', 'zod', 'node:fs', 'node:net', 'node:path'],
}
/** These see everything: they are where things meet. */
const SEE_EVERYTHING = ['cli', 'compose', 'compose.ts', 'main.ts']

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g,
  )
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** All that is there when this file was loaded: our files by their paths, modules and packages by name. */
function loadedBy(file: string, seen = new Set<string>()): readonly string[] {
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, specifier = ''] of text.matchAll(
    /(?:^|\n)(?:import|export)\s(?!type\b)(?:[^'"]*?from\s*)?'([^']+)'/g,
  )) {
    const path = specifier.startsWith('.') ? resolve(dirname(file), specifier) : specifier
    if (path === specifier) seen.add(specifier)
    else if (!seen.has(path)) loadedBy(path, seen)
  }
  return [...seen]
}

function roomOf(file: string): string {
  return relative(SRC, file).split('/')[0] ?? ''
}

/** What an import leads to: a room, `migrations`, a node: module or a package. */
function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith('.'))
    return specifier.startsWith('node:') ? (specifier.split('/')[0] ?? '') : specifier
  const path = resolve(dirname(file), specifier)
  return path.startsWith(`${SRC}/`) ? roomOf(path) : (relative(ROOT, path).split('/')[0] ?? '')
}

const EDGES = sourceFiles(SRC).flatMap((file) =>
  importsOf(file).map((specifier) => ({
    file: relative(ROOT, file),
    room: roomOf(file),
    specifier,
    target: targetOf(file, specifier),
  })),
)

test('the reader of imports sees them at all', () => {
  assert.ok(EDGES.length > 150, `only ${EDGES.length} imports found`)
})

test('every import points where the house allows it', () => {
  const wrong = EDGES.filter(({ room, target }) => {
    if (SEE_EVERYTHING.includes(room) || target === room || EVERYONE.includes(target)) return false
    return !(MAY_IMPORT[room]?.includes(target) ?? false)
  })
  assert.deepEqual(
    wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
    [],
  )
})

test('a thread of the database loads no decoders: zod alone would double the time of its start', () => {
  for (const thread of ['db/writerThread.ts', 'db/listThread.ts']) {
    const packages = loadedBy(join(SRC, thread)).filter((each) => !/^(\/|node:)/.test(each))
    assert.ok(packages.includes('better-sqlite3'), 'the reader sees what a thread loads')
    assert.deepEqual(
      packages.filter((each) => each === 'zod').map((each) => `${thread}: ${each}`),
      [],
    )
  }
})

test('only what is a process reads the process', () => {
  const processes = ['main.ts', 'crypto/keyPairChild.ts', 'crypto/kek/pkcs11/pkcs11Child.ts']
  const offenders = sourceFiles(SRC)
    .filter((file) => !processes.includes(relative(SRC, file)))
    .filter((file) =>
      /\bprocess\.(argv|env|exit|on|once|stdout|stderr|cwd)\b/.test(readFileSync(file, 'utf8')),
    )
  assert.deepEqual(
    offenders.map((file) => relative(ROOT, file)),
    [],
  )
})

test('ciphers and MACs are made in the crypto room alone, under KeyObjects', () => {
  // On Node 24 a Buffer for a key costs five times a KeyObject, and it prints its bytes.
  const making = /create(Cipheriv|Decipheriv|Hmac)\(\s*[^,]+,\s*([\w.#]+)/g
  const offenders = sourceFiles(SRC).flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const calls = [...text.matchAll(making)]
    const isTyped = (key: string): boolean =>
      new RegExp(`\\b${key.replace(/^this\.#?/, '#?')}\\??: KeyObject|createSecretKey`).test(text)
    return calls
      .filter(([, , key = '']) => roomOf(file) !== 'crypto' || !isTyped(key))
      .map(([call]) => `${relative(ROOT, file)}: ${call}`)
  })
  assert.deepEqual(offenders, [])
})

test('nothing draws Math.random', () => {
  const offenders = sourceFiles(SRC).filter((file) =>
    readFileSync(file, 'utf8').includes('Math.random'),
  )
  assert.deepEqual(
    offenders.map((file) => relative(ROOT, file)),
    [],
  )
})

test('no file of the house is longer than 300 lines', () => {
  const long = sourceFiles(SRC).filter(
    (file) => readFileSync(file, 'utf8').trimEnd().split('\n').length > 300,
  )
  assert.deepEqual(
    long.map((file) => relative(ROOT, file)),
    [],
  )
})

test('no file hides behind a name that says nothing', () => {
  const names = /\/(utils?|helpers?|common|index|misc)\.ts$/
  assert.deepEqual(
    sourceFiles(SRC).filter((file) => names.test(file)),
    [],
  )
})

test('exports are named, and no lint rule is switched off without a reason', () => {
  const offenders = sourceFiles(SRC).filter((file) => {
    const text = readFileSync(file, 'utf8')
    return (
      /^export default/m.test(text) ||
      /biome-ignore [^\n:]+$/m.test(text) ||
      /@ts-(ignore|expect-error|nocheck)/.test(text)
    )
  })
  assert.deepEqual(
    offenders.map((file) => relative(ROOT, file)),
    [],
  )
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { freshEnvironment, freshFolder } from '../../support/runCli.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

function launched(
  script: string,
  args: readonly string[],
  env: object,
  nodeOptions: readonly string[] = [],
) {
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { out: '', err: '' }
  child.stdout.on('data', (bytes) => {
    written.out += bytes
  })
  child.stderr.on('data', (bytes) => {
    written.err += bytes
  })
  const { promise: ended, resolve: end } = Promise.withResolvers<Ended>()
  child.once('close', (code, signal) => end({ code, signal, ...written }))
  return { child, ended, written }
}

async function untilWritten(child: ChildProcess, written: { out: string }, pattern: RegExp) {
  while (!pattern.test(written.out)) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    await new Promise(
      (resolve) => child.stdout?.once('data', resolve) && child.once('close', resolve),
    )
  }
}

describe('the process', () => {
  it('starts on nothing but defaults, drains on Ctrl-C and exits 0', async (t) => {
    const { child, ended, written } = launched(
      join(ROOT, 'bin', 'gatehouse.js'),
      ['serve'],
      freshEnvironment(t),
    )
    t.after(() => child.kill('SIGKILL'))
    await untilWritten(child, written, /Ctrl-C stops it/)
    const [, address = ''] = /listens on (\S+)/.exec(written.out) ?? []
    const answer = await fetch(`${address}/healthcheck`)
    assert.equal(await answer.text(), 'OK')
    child.kill('SIGINT')
    const { code, err } = await ended
    assert.equal(code, 0, err)
  })

  it('answers verbs with their exit codes', async (t) => {
    const env = freshEnvironment(t)
    const version = launched(join(ROOT, 'bin', 'gatehouse.js'), ['--version'], env)
    const { version: expected } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    assert.deepEqual(await version.ended, { code: 0, signal: null, out: `${expected}\n`, err: '' })
    const manage = launched(join(ROOT, 'bin', 'barbican-manage.js'), ['hsm', 'gen_mkek'], env)
    assert.equal((await manage.ended).code, EXIT_CODES.refused.code)
    const check = launched(join(ROOT, 'bin', 'barbican-status.js'), ['upgrade', 'check'], env)
    assert.equal((await check.ended).code, 0)
  })

  // What the launcher sees on a machine whose Node is too old.
  const asOldNode = [
    '--import',
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.1"})',
  ]

  it('on an old Node without a newer one beside it says so in one sentence', async (t) => {
    const folder = freshFolder(t)
    cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
    const run = launched(join(folder, 'bin', 'gatehouse.js'), ['serve'], {}, asOldNode)
    assert.deepEqual(await run.ended, {
      code: EXIT_CODES.oldNode.code,
      signal: null,
      out: '',
      err: 'gatehouse: Node 18.20.1 is too old: Gatehouse wants 22.18 or newer. `npm ci` in its folder brings one along.\n',
    })
  })

  it('on an old Node goes on under the one that npm ci put beside it, signals and exit code included', async (t) => {
    const folder = freshFolder(t)
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    }
    const own = join(folder, `node_modules/node-linux-${process.arch}/bin`)
    mkdirSync(own, { recursive: true })
    symlinkSync(process.execPath, join(own, 'node'))
    // In the place of the program: it says what it was given, waits for a signal and ends with a code.
    mkdirSync(join(folder, 'dist', 'src'), { recursive: true })
    writeFileSync(
      join(folder, 'dist', 'src', 'main.js'),
      `export async function main(name, args) {
        const waiting = setInterval(() => undefined, 1000)
        process.on('SIGTERM', () => { clearInterval(waiting); process.exitCode = 5 })
        console.log([name, ...args, process.versions.node].join(' '))
      }`,
    )
    const run = launched(join(folder, 'bin', 'gatehouse.js'), ['serve', '--x'], {}, asOldNode)
    t.after(() => run.child.kill('SIGKILL'))
    await untilWritten(run.child, run.written, /\n/)
    assert.equal(run.written.out, `gatehouse serve --x ${process.versions.node}\n`)
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).code, 5)
  })

  it('has a launcher that even Node 12 can read', () => {
    for (const name of readdirSync(join(ROOT, 'bin'))) {
      const code = readFileSync(join(ROOT, 'bin', name), 'utf8').replaceAll(
        /\/\*[\s\S]*?\*\/|\/\/.*/g,
        '',
      )
      // Later than Node 12: ?. and ??, private fields, top-level await, regular expressions' newer flags.
      assert.doesNotMatch(code, /\?\.|\?\?|\|\|=|&&=|#\w+\s*[=(;]|^await /m, name)
    }
  })

  it('finds in the lockfile the packages that bring Node along', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
    for (const arch of ['x64', 'arm64']) {
      assert.ok(
        lock.packages[`node_modules/node-linux-${arch}`],
        `no node-linux-${arch} in the lockfile`,
      )
    }
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { ROOT } from '../../docs/documents.ts'
import { freshFolder } from '../../support/runCli.ts'
import { finalOf, stagesOf } from './dockerfiles.ts'

/* No image can be built by a test. What can be read of one is held here, and what a RUN does is done elsewhere. */

const OWN = 'Dockerfile'
const OVERLAY = 'deploy/images/overlay/Dockerfile'
const words = z.array(z.string())

/** The folders and links that a RUN makes, made below `root` instead. */
function ran(script: string, root: string, path: string) {
  const moved = script.replaceAll(/\/(?:opt|etc|var|usr\/local)\//g, (place) => `${root}${place}`)
  return spawnSync('/bin/sh', ['-c', moved], {
    cwd: join(root, 'opt', 'gatehouse'),
    env: { PATH: path },
    encoding: 'utf8',
  })
}

/** A PATH with these tools alone: what a script replaces in PATH must not be this machine's. */
function tools(folder: string, ...names: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    const found = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(existsSync)
    assert.ok(found, `this machine has no ${name}`)
    symlinkSync(found, join(folder, name))
  }
  return folder
}

describe('the image', () => {
  it('runs as a number that is not root, so that a platform can check it', () => {
    assert.deepEqual(finalOf(OWN, 'USER'), ['42424:0'])
  })

  it('starts, and asks for its health, without a shell', () => {
    const [command = '', ...more] = finalOf(OWN, 'CMD')
    assert.deepEqual(more, [])
    assert.deepEqual(words.parse(JSON.parse(command)), ['gatehouse', 'serve'])
    assert.deepEqual(finalOf(OWN, 'ENTRYPOINT'), [])
    const [check = ''] = finalOf(OWN, 'HEALTHCHECK')
    const [program] = words.parse(JSON.parse(check.slice(check.indexOf('['))))
    assert.equal(program, 'node')
  })

  it('writes its state folder alone, and says how to run it on a read-only root', () => {
    assert.deepEqual(finalOf(OWN, 'VOLUME'), ['/var/lib/gatehouse'])
    assert.match(readFileSync(join(ROOT, OWN), 'utf8'), /docker run --read-only /)
  })

  it('stops by the signal that drains, and tells its port', () => {
    assert.deepEqual(finalOf(OWN, 'STOPSIGNAL'), ['SIGTERM'])
    assert.deepEqual(finalOf(OWN, 'EXPOSE'), ['9311'])
  })

  it('holds no compiler and no package manager of ours, and adds nothing from the network in its last stage', () => {
    const last = stagesOf(OWN).at(-1) ?? []
    for (const { name, text } of last) {
      assert.notEqual(name, 'ADD')
      if (name === 'RUN') assert.doesNotMatch(text, /\b(npm|apt|curl|wget|sudo)\b/)
    }
    const installs = stagesOf(OWN).flatMap((stage) =>
      stage
        .filter(({ name, text }) => name === 'RUN' && /\bnpm\b/.test(text))
        .map(({ text }) => text),
    )
    for (const install of installs) assert.match(install, /^npm (ci|run build)/)
  })

  it('copies only what there is', () => {
    for (const { name, text } of stagesOf(OWN).flat()) {
      if (name !== 'COPY' || text.startsWith('--from')) continue
      for (const source of text.split(' ').slice(0, -1)) {
        assert.ok(existsSync(join(ROOT, source)), source)
      }
    }
  })

  it('has every command of the package, and those that tools start the API by', (t) => {
    const root = freshFolder(t)
    mkdirSync(join(root, 'opt', 'gatehouse'), { recursive: true })
    mkdirSync(join(root, 'var', 'lib'), { recursive: true })
    const [script = ''] = finalOf(OWN, 'RUN')
    // Not everybody who tests is root.
    const done = ran(
      script.replace(/ && chown \S+ \S+/, ''),
      root,
      tools(join(root, 'tools'), 'mkdir', 'ln', 'chmod'),
    )
    assert.equal(done.status, 0, done.stderr)
    const links = join(root, 'opt', 'gatehouse', 'bin-links')
    const { bin } = z
      .looseObject({ bin: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
    for (const [name, target] of Object.entries(bin)) {
      assert.equal(readlinkSync(join(links, name)), `../${target}`)
    }
    for (const name of ['uwsgi', 'httpd']) {
      assert.equal(readlinkSync(join(links, name)), '../bin/barbican-wsgi-api.js')
    }
  })
})

describe("the image on top of a tool's own", () => {
  it('replaces the commands wherever the base has them, and runs as the user of the base', (t) => {
    const root = freshFolder(t)
    const gatehouse = join(root, 'opt', 'gatehouse', 'bin-links')
    const [venv, system] = [join(root, 'venv'), join(root, 'sbin')]
    for (const folder of [gatehouse, venv, system, join(root, 'usr', 'local', 'bin')]) {
      mkdirSync(folder, { recursive: true })
    }
    writeFileSync(join(gatehouse, 'gatehouse'), '#!/bin/sh\necho 9.9.9\n', { mode: 0o755 })
    writeFileSync(join(venv, 'barbican-db-manage'), "the base's")
    writeFileSync(join(system, 'httpd'), "the base's")
    const path = `${venv}:${tools(join(root, 'tools'), 'ln', 'tr')}:${system}`
    const [script = ''] = finalOf(OVERLAY, 'RUN')
    const done = ran(script, root, path)
    assert.equal(done.status, 0, done.stderr)
    assert.equal(done.stdout, '9.9.9\n')
    for (const [folder, name] of [
      [venv, 'barbican-db-manage'],
      [system, 'httpd'],
      [join(root, 'usr', 'local', 'bin'), 'barbican-manage'],
      [join(root, 'usr', 'local', 'bin'), 'gatehouse'],
    ] as const) {
      assert.equal(readlinkSync(join(folder, name)), join(gatehouse, name))
    }
    assert.ok(!existsSync(join(venv, 'uwsgi')), 'what the base does not have is not made')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Docker's
    assert.deepEqual(finalOf(OVERLAY, 'USER'), ['root', '${RUN_AS}'])
  })
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { runWsgiCommand } from '../../../src/cli/wsgiCommand.ts'
import type { Settings } from '../../../src/config/settingsTable.ts'
import { freshEnvironment, freshFolder, runCli } from '../../support/runCli.ts'

/** The settings that a server would have run on: it is asked to stop at once. */
async function started(t: TestContext, args: readonly string[], env: object = {}) {
  const composed: Settings[] = []
  const { OS_DEFAULT__BIND_PORT: _any, ...environment } = freshEnvironment(t)
  const run = runCli({
    args,
    env: { ...environment, ...env },
    run: runWsgiCommand,
    compose: async (settings) => {
      composed.push(settings)
      return { listen: async () => ({ addresses: [] }), drain: async () => undefined }
    },
  })
  while (composed.length === 0 && !(await Promise.race([run.code.then(() => true), soon()]))) {}
  await soon()
  run.send('SIGTERM')
  return {
    code: await run.code,
    settings: composed[0]?.DEFAULT,
    ssl: composed[0]?.ssl,
    err: run.err(),
  }
}

function soon(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false))
}

function uwsgiFile(t: TestContext, lines: string): string {
  const path = join(freshFolder(t), 'barbican-api-uwsgi.ini')
  writeFileSync(path, `[uwsgi]\n${lines}\n`)
  return path
}

const MODULE = 'module = barbican.wsgi.api:application\nprocesses = 2\ndie-on-term = true'

describe("a tool that starts Barbican's API by another name", () => {
  for (const [given, host, port] of [
    ['http = 192.0.2.1:9311', '192.0.2.1', 9311],
    ['http-socket = 0.0.0.0:9311', '0.0.0.0', 9311],
    ['http = [2001:db8::1]:9999', '2001:db8::1', 9999],
    ['http = :9311', '0.0.0.0', 9311],
  ] as const) {
    it(`gets a server where its uWSGI file says: ${given}`, async (t) => {
      const path = uwsgiFile(t, `${given}\n${MODULE}`)
      for (const args of [[path], ['--ini', path]]) {
        const { code, settings, err } = await started(t, args)
        assert.equal(code, 0, err)
        assert.equal(settings?.bind_host, host)
        assert.equal(settings?.bind_port, port)
      }
    })
  }

  for (const option of ['https', 'https-socket']) {
    it(`speaks TLS where its uWSGI file does, with the certificate of that file: ${option}`, async (t) => {
      const path = uwsgiFile(t, `${option} = 192.0.2.1:9311,/certs/c.pem,/certs/k.pem\n${MODULE}`)
      const { settings, ssl, err } = await started(t, [path])
      assert.equal(err, '')
      assert.deepEqual([settings?.bind_host, settings?.bind_port], ['192.0.2.1', 9311])
      assert.deepEqual([ssl?.cert_file, ssl?.key_file], ['/certs/c.pem', '/certs/k.pem'])
    })
  }

  it('gets what the environment says before what the file says', async (t) => {
    const path = uwsgiFile(t, `http = 192.0.2.1:9311\n${MODULE}`)
    const { settings } = await started(t, [path], { OS_DEFAULT__BIND_HOST: '127.0.0.1' })
    assert.equal(settings?.bind_host, '127.0.0.1')
  })

  for (const [what, lines, why] of [
    ['another program', 'http = :80\nmodule = nova.wsgi', /starts nova\.wsgi and not Barbican/],
    ['no program at all', 'http = :80', /starts nothing/],
    [
      'half of what TLS wants',
      `https = 192.0.2.1:9311,/c.pem\n${MODULE}`,
      /host:port,certificate,key/,
    ],
    [
      'a CA of clients',
      `https = 192.0.2.1:9311,/c.pem,/k.pem,HIGH,!/ca.pem\n${MODULE}`,
      /\[ssl\] ciphers and \[ssl\] ca_file/,
    ],
    ["uWSGI's own protocol", `socket = :9311\n${MODULE}`, /neither http nor https/],
    ['an address that is none', `http = 9311\n${MODULE}`, /wants host:port/],
  ] as const) {
    it(`is refused where its file has ${what}`, async (t) => {
      const { code, settings, err } = await started(t, [uwsgiFile(t, lines)])
      assert.equal(code, EXIT_CODES.settings.code)
      assert.match(err, why)
      assert.equal(settings, undefined)
    })
  }

  it('is refused where there is no such file', async (t) => {
    const { code, err } = await started(t, ['--ini', '/nowhere/uwsgi.ini'])
    assert.equal(code, EXIT_CODES.settings.code)
    assert.match(err, /cannot be read \(ENOENT\)/)
  })

  it('may be httpd in the foreground, or the script of the package', async (t) => {
    assert.equal((await started(t, ['-DFOREGROUND'])).settings?.bind_host, '127.0.0.1')
    const { settings } = await started(t, ['--host', '::1', '--port', '9999'])
    assert.deepEqual([settings?.bind_host, settings?.bind_port], ['::1', 9999])
  })

  it('is told what it is when it asks for something else', async (t) => {
    const { code, err } = await started(t, ['--http', ':80'])
    assert.equal(code, EXIT_CODES.usage.code)
    assert.match(err, /unknown option/)
  })
})

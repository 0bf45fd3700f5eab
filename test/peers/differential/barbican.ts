import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { answering } from '../answering.ts'
import { Child } from '../child.ts'
import { freePort } from '../freePort.ts'
import { type Configuration, ini } from '../gatehouse.ts'

const run = promisify(execFile)

const PYTHON = '/usr/bin/python3'

const configuration = (folder: string, url: string): Configuration => ({
  DEFAULT: {
    host_href: url,
    log_file: join(folder, 'barbican.log'),
    use_stderr: 'false',
    db_auto_create: 'false',
    sql_connection: `sqlite:///${join(folder, 'barbican.db')}`,
    transport_url: 'fake://',
  },
  database: { connection: `sqlite:///${join(folder, 'barbican.db')}` },
  queue: { enable: 'false' },
  oslo_policy: { enforce_scope: 'false', enforce_new_defaults: 'false' },
  simple_crypto_plugin: { kek: Buffer.from('a key for tests, and 32 bytes...').toString('base64') },
  secretstore: { enabled_secretstore_plugins: 'store_crypto' },
  crypto: { enabled_crypto_plugins: 'simple_crypto' },
})

// The pipeline Barbican offers without Keystone: a caller is whoever the headers say.
const pipeline = (folder: string): string => `
[composite:main]
use = egg:Paste#urlmap
/: version
/healthcheck: healthcheck
/v1: api
[pipeline:version]
pipeline = cors request_id http_proxy_to_wsgi microversion versionapp
[pipeline:api]
pipeline = cors request_id http_proxy_to_wsgi unauthenticated-context microversion apiapp
[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app
[app:versionapp]
paste.app_factory = barbican.api.app:create_version_app
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
[filter:unauthenticated-context]
paste.filter_factory = barbican.api.middleware.context:UnauthenticatedContextMiddleware.factory
[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
oslo_config_project = barbican
[filter:request_id]
paste.filter_factory = oslo_middleware.request_id:RequestId.factory
[filter:http_proxy_to_wsgi]
paste.filter_factory = oslo_middleware:HTTPProxyToWSGI.factory
[app:healthcheck]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
backends = disable_by_file
disable_by_file_path = ${join(folder, 'healthcheck_disable')}
`

// A child reads its configuration from where oslo.config looks first: below the home folder.
const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OS_'))),
  HOME: folder,
  PYTHONDONTWRITEBYTECODE: '1',
})

const UPGRADE =
  "import sys; sys.argv = ['barbican-manage', 'db', 'upgrade']; " +
  'from barbican.cmd.barbican_manage import main; main()'

/** A real Barbican on SQLite under uwsgi, which believes the identity headers of a request. */
export class Barbican {
  readonly url: string
  readonly #process: Child

  private constructor(url: string, process: Child) {
    this.url = url
    this.#process = process
  }

  /** @param changes sections that replace ours */
  static async start(folder: string, changes: Configuration = {}): Promise<Barbican> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const env = environment(folder)
    await mkdir(join(folder, '.barbican'), { recursive: true })
    await writeFile(
      join(folder, '.barbican', 'barbican.conf'),
      ini({ ...configuration(folder, url), ...changes }),
    )
    await writeFile(join(folder, 'paste.ini'), pipeline(folder))
    await writeFile(
      join(folder, 'wsgi.py'),
      `from paste import deploy\napplication = deploy.loadapp('config:${join(folder, 'paste.ini')}')\n`,
    )
    await run(PYTHON, ['-c', UPGRADE], { cwd: folder, env, timeout: 120_000 })
    const process = new Child({
      name: 'barbican',
      command: 'uwsgi',
      args: [
        ...['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`],
        ...['--wsgi-file', join(folder, 'wsgi.py'), '--need-app', '--die-on-term'],
        // One process: with two, SQLite answers "database is locked" every now and then.
        ...['--master', '--processes', '1', '--enable-threads', '--lazy-apps'],
        ...['--buffer-size', '65535', '--disable-logging', '--add-header', 'Connection: close'],
      ],
      cwd: folder,
      env,
      logFile: join(folder, 'uwsgi.log'),
    })
    await answering(process, `${url}/`, 90)
    return new Barbican(url, process)
  }

  /** Of the package: which Barbican the answers are from. */
  static async version(): Promise<string> {
    const { stdout } = await run('dpkg-query', ['-W', 'python3-barbican'])
    return stdout.trim().split('\t')[1] ?? 'unknown'
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}

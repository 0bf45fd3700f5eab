import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { readIni } from '../config/iniReader.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'
import type { ComposeGatehouse } from './gatehouse.ts'
import { runProgram } from './program.ts'
import { refusalOf } from './refusalSentence.ts'
import type { Surroundings } from './surroundings.ts'

/*
 * Deployment tools start Barbican's API by the names of what carries a Python module: `uwsgi`, `httpd`,
 * `barbican-wsgi-api`. In an image made for such a tool those names lead here, and `gatehouse serve` answers.
 */

interface WsgiOptions {
  readonly ini?: string
  readonly host?: string
  readonly port?: string
  readonly configFile?: readonly string[]
  readonly configDir?: readonly string[]
}

interface Address {
  readonly host: string | undefined
  readonly port: string | undefined
  /** Where uWSGI would have spoken TLS. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string }
}

/** @returns the exit code of `gatehouse serve` */
export async function runWsgiCommand(
  surroundings: Surroundings,
  compose: ComposeGatehouse,
): Promise<number> {
  const { out, err } = surroundings
  let started: Promise<number> | undefined
  const program = new Command('barbican-wsgi-api')
    .description(
      "Starts `gatehouse serve` for tools that start Barbican's API by another name. " +
        'Of a uWSGI file the address and the certificate are taken, and nothing else.',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
    .argument('[file]', 'as --ini')
    .option('--ini <file>', 'the settings of uWSGI')
    .option('-b, --host <host>', 'where to listen')
    .option('-p, --port <port>', 'its port')
    .option('-D <name>', 'taken and ignored, as httpd has it')
    .option('--config-file <file...>', 'read settings from this file')
    .option('--config-dir <dir...>', "and from this folder's *.conf")
    .action((file: string | undefined, options: WsgiOptions) => {
      const ini = options.ini ?? file
      const address = ini === undefined ? addressOf(options) : addressInUwsgiFile(ini)
      const env = { ...variablesFor(address), ...surroundings.env }
      started = runProgram(
        { ...surroundings, env, args: ['serve', ...sourcesOf(options)] },
        compose,
      )
    })
  try {
    program.parse([...surroundings.args], { from: 'user' })
    return (await started) ?? EXIT_CODES.done.code
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CODES.done.code : EXIT_CODES.usage.code
    }
    const refusal = refusalOf(error)
    err.write(`barbican-wsgi-api: ${refusal.sentence}\n`)
    return refusal.code
  }
}

function addressOf({ host, port }: WsgiOptions): Address {
  return { host, port }
}

/** With uWSGI its own file says where to listen, and bind_host of barbican.conf is read by nobody. */
function variablesFor({ host, port, certificate }: Address) {
  return {
    ...(certificate === undefined
      ? {}
      : { OS_SSL__CERT_FILE: certificate.certFile, OS_SSL__KEY_FILE: certificate.keyFile }),
    ...(host === undefined ? {} : { OS_DEFAULT__BIND_HOST: host }),
    ...(port === undefined ? {} : { OS_DEFAULT__BIND_PORT: port }),
  }
}

function sourcesOf({ configFile = [], configDir = [] }: WsgiOptions): readonly string[] {
  return [
    ...configFile.flatMap((path) => ['--config-file', path]),
    ...configDir.flatMap((path) => ['--config-dir', path]),
  ]
}

/** @throws StartupRefusal for what uWSGI would have done and Gatehouse does not */
function addressInUwsgiFile(path: string): Address {
  const option = uwsgiOptions(path)
  const module = option('module') ?? option('wsgi-file') ?? ''
  if (!module.includes('barbican')) {
    throw refused(`${path} starts ${module || 'nothing'} and not Barbican's API.`)
  }
  const secured = option('https') ?? option('https-socket')
  if (secured !== undefined) return securedAddress(path, secured)
  const given = option('http') ?? option('http-socket')
  if (given === undefined) {
    throw refused(`${path} has neither http nor https: Gatehouse speaks HTTP alone.`)
  }
  const address = addressIn(given)
  if (address === undefined) throw refused(`${path} says http = ${given}; it wants host:port.`)
  return address
}

/** `host:port,certificate,key`; what uWSGI takes behind that is said in [ssl]. */
function securedAddress(path: string, given: string): Address {
  const [first = '', certFile = '', keyFile = '', ...more] = given
    .split(',')
    .map((part) => part.trim())
  const address = addressIn(first)
  if (address === undefined || certFile === '' || keyFile === '') {
    throw refused(`${path} says https = ${given}; it wants host:port,certificate,key.`)
  }
  if (more.some((part) => part !== '')) {
    throw refused(
      `${path} names ciphers or a CA of clients behind the key: write [ssl] ciphers and [ssl] ca_file instead.`,
    )
  }
  return { ...address, certificate: { certFile, keyFile } }
}

function addressIn(given: string): Address | undefined {
  const found = /^(?<host>\[[^\]]+\]|[^:,]*):(?<port>\d+)$/.exec(given.trim())?.groups
  return found === undefined ? undefined : { host: found['host'] || '0.0.0.0', port: found['port'] }
}

function uwsgiOptions(path: string): (name: string) => string | undefined {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw refused(`${path} cannot be read (${code}).`, cause)
  }
  const { assignments } = readIni(content, path)
  return (name) =>
    assignments.findLast((one) => one.section === 'uwsgi' && one.name === name)?.value
}

function refused(sentence: string, cause?: unknown): StartupRefusal {
  return new StartupRefusal(sentence, { exitCode: EXIT_CODES.settings.code, cause })
}

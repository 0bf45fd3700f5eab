import { mkdtempSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '../peers/ask.ts'
import { type Configuration, Gatehouse } from '../peers/gatehouse.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface Nodes {
  readonly nodes: readonly Gatehouse[]
  /** A token that every node takes. */
  caller(project: string, roles: readonly string[], user?: string): Promise<Caller>
}

/** Several servers on one database (or one each), with one keyring and one signing key: as a cloud runs them. */
export async function startNodes(
  t: CleansUp,
  urls: readonly string[],
  configuration: Configuration = {},
  runBy: readonly (readonly string[])[] = [],
): Promise<Nodes> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nodes-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const nodes: Gatehouse[] = []
  for (const [index, connection] of urls.entries()) {
    const name = `node-${index + 1}`
    const { DEFAULT = {}, ...others } = configuration
    const node = await Gatehouse.start({
      name,
      folder,
      runBy: runBy[index] ?? [],
      prepare: async (home) => {
        // The first one made the keys; an operator copies them to the others.
        if (index > 0) await cp(join(folder, 'node-1', 'state'), join(home, 'state'), KEYS_ONLY)
      },
      configuration: {
        database: { connection },
        DEFAULT: { workers: '1', ...DEFAULT },
        ...others,
      },
    })
    t.after(() => node.kill())
    nodes.push(node)
  }
  const [first] = nodes
  return {
    nodes,
    caller: async (project, roles, user = 'somebody') => {
      const given = ['--project', project, '--user', user, ...roles.flatMap((it) => ['--role', it])]
      const printed = await first?.command('token', 'issue', ...given)
      return new Caller(printed?.trim().split('\n').at(-1) ?? '')
    },
  }
}

const KEYS_ONLY = { recursive: true, filter: (path: string) => !path.endsWith('.log') }

/** A caller with one token, who asks any node. */
export class Caller {
  readonly token: string

  constructor(token: string) {
    this.token = token
  }

  ask(node: Gatehouse, method: string, path: string, json?: unknown) {
    return ask(path.startsWith('http') ? path : `${node.url}${path}`, {
      method,
      token: this.token,
      ...(json === undefined ? {} : { json }),
    })
  }

  /** @returns the body of an answer that has this status */
  async expect(
    status: number,
    node: Gatehouse,
    method: string,
    path: string,
    json?: unknown,
  ): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.ask(node, method, path, json)
    if (answer.status !== status) {
      throw new Error(`${node.name} ${method} ${path}: ${answer.status} ${answer.text}`)
    }
    return answer.text === '' ? {} : (JSON.parse(answer.text) as Record<string, unknown>)
  }

  /** @returns the id of a new secret */
  async store(node: Gatehouse, payload: string): Promise<string> {
    const json = { payload, payload_content_type: 'text/plain' }
    return idOf((await this.expect(201, node, 'POST', '/v1/secrets', json))['secret_ref'])
  }

  async payload(node: Gatehouse, id: string): Promise<string> {
    const answer = await ask(`${node.url}/v1/secrets/${id}/payload`, {
      token: this.token,
      headers: { accept: 'text/plain' },
    })
    return answer.status === 200 ? answer.text : `answers ${answer.status}`
  }
}

export function idOf(ref: unknown): string {
  return String(ref).split('/').at(-1) ?? ''
}

export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 120_000,
): Promise<void> {
  const late = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > late) throw new Error(what)
    await delay(20)
  }
}

/** The sum of all series whose line begins so; 0 while nobody answers. */
export async function metric(node: Gatehouse, name: string): Promise<number> {
  // A connection kept from before a restart may be one that the server has closed.
  const { text } = await ask(`${node.adminUrl}/metrics`).catch(() => ({ text: '' }))
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

import type { ConfigSource } from '../config/configFiles.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { Surroundings } from './surroundings.ts'

export interface Arrival {
  readonly settings: Settings
  readonly addresses: readonly string[]
  readonly sources: readonly ConfigSource[]
  readonly surroundings: Pick<Surroundings, 'packageRoot'>
}

/** Where it listens, and three commands to paste into another terminal. */
export function welcome({ settings, addresses, sources }: Arrival): string {
  const { auth_strategy: strategy } = settings.DEFAULT
  const address = addresses[0] ?? ''
  const socket = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined
  const endpoint = socket === undefined ? address : 'http://localhost'
  const curl = socket === undefined ? 'curl' : `curl --unix-socket ${shellWord(socket)}`
  const header =
    strategy === 'noauth'
      ? "-H 'X-Project-Id: demo' -H 'X-Roles: creator'"
      : '-H "X-Auth-Token: $TOKEN"'
  const lines = [
    '',
    `Gatehouse listens on ${addresses.join(' and ')}`,
    '',
    'Try it in another terminal:',
    ...tokenCommand(strategy, sources),
    `  ${curl} ${header} -H 'Content-Type: application/json' \\`,
    `    -d '{"name": "first", "payload": "hello", "payload_content_type": "text/plain"}' ${endpoint}/v1/secrets`,
    ...openstackCommand(strategy, endpoint, socket),
    '',
    'Ctrl-C stops it.',
    '',
  ]
  return `${lines.join('\n')}\n`
}

function tokenCommand(strategy: string, sources: readonly ConfigSource[]): readonly string[] {
  if (strategy === 'noauth') return []
  if (strategy === 'keystone') return ['  TOKEN=$(openstack token issue -f value -c id)']
  const options = sources.map(
    ({ kind, path }) => ` ${kind === 'file' ? '--config-file' : '--config-dir'} ${shellWord(path)}`,
  )
  return [
    `  TOKEN=$(npx gatehouse token issue --project demo --role creator${options.join('')} | tail -1)`,
  ]
}

function openstackCommand(
  strategy: string,
  endpoint: string,
  socket: string | undefined,
): readonly string[] {
  if (socket !== undefined || strategy === 'noauth') return []
  if (strategy === 'keystone') return ['  openstack secret list']
  return [
    `  openstack --os-auth-type admin_token --os-endpoint ${endpoint}/v1 --os-token "$TOKEN" secret list`,
  ]
}

function shellWord(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { architecture } from './architecture.ts'
import { bundle, changeInProxy, untilShown } from './shownByProxy.ts'
import { NODE_NAMES, type NodeName, type Setting } from './stage.ts'

/** A folder that others may pass through, as RuntimeDirectory makes it. */
function socketOf({ pems }: Pick<Setting, 'pems'>, name: NodeName): string {
  chmodSync(pems.path, 0o711)
  const folder = join(pems.path, name)
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  return join(folder, 'api.sock')
}

/** Connects as this user and group; 0 when it was let in. */
const CONNECT = `
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except PermissionError:
    sys.exit(13)
`

const idOf = (flag: '-u' | '-g', user: string): string =>
  execFileSync('id', [flag, user], { encoding: 'utf8' }).trim()

let sockets: Readonly<Record<NodeName, string>> = { node1: '', node2: '' }

architecture(
  {
    title: 'TLS on the same host over a Unix socket',
    file: 'unix-socket.cfg',
    planned: async (setting) => {
      const { pems, outer } = setting
      sockets = { node1: socketOf(setting, 'node1'), node2: socketOf(setting, 'node2') }
      const certificate = pems.write('gatehouse.pem', await bundle(outer, 'first'))
      return {
        values: {
          GATEHOUSE_CERTIFICATE: certificate,
          GATEHOUSE_NODE_1: sockets.node1,
          GATEHOUSE_NODE_2: sockets.node2,
        },
        configurationOf: (name) => ({
          DEFAULT: { bind_host: `unix:${sockets[name]}` },
          listener: { trusted_proxies: 'unix', socket_mode: '0660', socket_group: 'haproxy' },
        }),
        rotate: async (stage, commonName) => {
          await changeInProxy(stage, certificate, await bundle(outer, commonName))
          await untilShown(stage, commonName)
        },
      }
    },
  },
  (stage) => {
    test('the proxy is another user, who may connect; a third one may not', async () => {
      const pid = /^Pid: (\d+)$/m.exec(await stage().proxy.command('show info'))?.[1]
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      assert.match(status, new RegExp(`^Uid:\\s${idOf('-u', 'haproxy')}\\s`, 'm'))
      for (const path of Object.values(sockets)) {
        assert.equal(statSync(path).mode & 0o777, 0o660)
        const connectAs = (user: string) =>
          promisify(execFile)('/usr/bin/python3', [
            ...['-c', CONNECT, path, idOf('-g', user), idOf('-u', user)],
          ])
        await connectAs('haproxy')
        await assert.rejects(connectAs('nobody'), { code: 13 })
      }
    })

    test('a node has no port but that of metrics, on loopback', async () => {
      const { stdout } = await promisify(execFile)('ss', ['-Hltnp'])
      for (const name of NODE_NAMES) {
        const { pid } = stage().nodes[name]
        const open = stdout.split('\n').filter((line) => line.includes(`pid=${pid},`))
        assert.equal(open.length, 1, open.join('\n'))
        assert.match(open[0] ?? '', / 127\.0\.0\.1:/)
      }
    })
  },
)

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askOverTls } from '../../support/tlsListener.ts'
import { until } from '../server.ts'
import { architecture } from './architecture.ts'
import { putOnNode, untilShown } from './shownByProxy.ts'
import { NODE_NAMES } from './stage.ts'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

architecture(
  {
    title: 'pass-through by SNI',
    file: 'pass-through.cfg',
    passesBytes: true,
    planned: async ({ nodes, pems, outer }) => {
      for (const name of NODE_NAMES) pems.put(name, await outer.issue({ commonName: 'first' }))
      return {
        values: {
          GATEHOUSE_NAME: 'localhost',
          GATEHOUSE_CA: pems.write('ca.pem', outer.caPem),
          GATEHOUSE_NODE_1: `127.0.0.1:${nodes.node1.port}`,
          GATEHOUSE_NODE_2: `127.0.0.1:${nodes.node2.port}`,
        },
        configurationOf: (name) => ({
          ssl: {
            cert_file: `${pems.path}/${name}.pem`,
            key_file: `${pems.path}/${name}.key`,
          },
          listener: { trusted_proxies: '127.0.0.1', proxy_protocol: 'true' },
        }),
        rotate: async (stage, commonName) => {
          for (const name of NODE_NAMES) {
            putOnNode(pems, name, await outer.issue({ commonName }))
          }
          await untilShown(stage, commonName)
        },
      }
    },
  },
  (stage) => {
    const nodeOf = async (address: string, count: number): Promise<string> => {
      const seen = () =>
        NODE_NAMES.filter((name) =>
          stage()
            .nodes[name].logged('request')
            .some(({ remote }) => remote === address),
        )
      for (let time = 0; time < count; time += 1) {
        assert.deepEqual((await stage().say(address, GET)).statuses, [300])
      }
      await until(() => seen().length > 0, address)
      return seen().join(' and ')
    }

    test('a client stays with its node, and both nodes have clients', async () => {
      const chosen: string[] = []
      for (let index = 1; index <= 6; index += 1) chosen.push(await nodeOf(`127.0.4.${index}`, 4))
      assert.deepEqual([...new Set(chosen)].toSorted(), [...NODE_NAMES])
    })

    test('who asks for another name, or for none, does not get through', async () => {
      const { port } = stage().proxy
      for (const servername of ['other', '']) {
        const { status, peer } = await askOverTls(port, { ca: stage().ca, servername })
        assert.deepEqual([status, peer], [0, ''])
      }
    })
  },
)

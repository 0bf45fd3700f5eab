import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pkiNamed } from '../../support/testPki.ts'
import { askOverTls } from '../../support/tlsListener.ts'
import { until } from '../server.ts'
import { architecture } from './architecture.ts'
import { bundle, bundled, changeInProxy, putOnNode, untilShown } from './shownByProxy.ts'
import { NODE_NAMES } from './stage.ts'

let innerCa = ''
let clientFile = ''
type Kind = 'own' | 'of another name' | 'of another PKI'
/** Gives node2 such a certificate. */
let put: (kind: Kind) => Promise<void> = () => Promise.reject(new Error('no stage'))

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

architecture(
  {
    title: 're-encryption between two PKIs',
    file: 're-encryption.cfg',
    planned: async ({ nodes, pems, outer }) => {
      const inner = await pkiNamed('inner')
      innerCa = inner.caPem
      const certificate = pems.write('gatehouse.pem', await bundle(outer, 'first'))
      const clientNamed = (commonName: string) =>
        inner.issue({ commonName, usage: 'client', alternativeNames: [] })
      const client = await clientNamed('haproxy')
      clientFile = pems.write('client.pem', bundled(client))
      const caFile = pems.write('inner-ca.pem', innerCa)
      for (const name of NODE_NAMES) pems.put(name, await inner.issue({ commonName: 'first' }))
      put = async (kind) => {
        // HAProxy looks at the common name as well.
        const names = [{ type: 'dns', value: 'other' } as const]
        const issued = {
          own: () => inner.issue(),
          'of another name': () => inner.issue({ commonName: 'other', alternativeNames: names }),
          'of another PKI': () => outer.issue(),
        }[kind]
        putOnNode(pems, 'node2', await issued())
      }
      return {
        values: {
          GATEHOUSE_CERTIFICATE: certificate,
          GATEHOUSE_NAME: 'localhost',
          GATEHOUSE_INNER_CA: caFile,
          GATEHOUSE_CLIENT: clientFile,
          GATEHOUSE_NODE_1: `127.0.0.1:${nodes.node1.port}`,
          GATEHOUSE_NODE_2: `127.0.0.1:${nodes.node2.port}`,
        },
        configurationOf: (name) => ({
          ssl: {
            cert_file: `${pems.path}/${name}.pem`,
            key_file: `${pems.path}/${name}.key`,
            ca_file: caFile,
            client_names: 'haproxy',
          },
          listener: { trusted_proxies: '127.0.0.1' },
        }),
        rotate: async (stage, commonName) => {
          const next = await clientNamed('haproxy')
          await changeInProxy(stage, clientFile, bundled(next))
          const both = { ca: innerCa, cert: next.certificate, key: next.key }
          for (const name of NODE_NAMES) {
            putOnNode(pems, name, await inner.issue({ commonName }))
            await until(
              async () => (await askOverTls(nodes[name].port, both)).peer === commonName,
              `${commonName} on ${name}`,
            )
          }
          await changeInProxy(stage, certificate, await bundle(outer, commonName))
          await untilShown(stage, commonName)
        },
      }
    },
  },
  (stage) => {
    test('a node speaks to nobody without the certificate of the proxy', async () => {
      const { port } = stage().nodes.node1
      assert.equal((await askOverTls(port, { ca: innerCa })).status, 0)
      const other = await (await pkiNamed('inner')).issue({
        commonName: 'other',
        usage: 'client',
        alternativeNames: [],
      })
      const asOther = { ca: innerCa, cert: other.certificate, key: other.key }
      assert.equal((await askOverTls(port, asOther)).status, 0)
      const own = readFileSync(clientFile, 'utf8')
      assert.equal((await askOverTls(port, { ca: innerCa, cert: own, key: own })).status, 300)
    })

    test('the proxy sends nothing to a node of another PKI or of another name', async () => {
      const { proxy, nodes } = stage()
      for (const kind of ['of another name', 'of another PKI'] as const) {
        await put(kind)
        // A node that can resume a session shows no certificate: it is the one that was verified.
        await nodes.node2.stop()
        nodes.node2.start()
        let state = ''
        await until(
          async () => {
            state = await proxy.stateOf('node2')
            return /^DOWN L6/.test(state)
          },
          kind,
          () => state,
        )
        assert.deepEqual((await stage().say('127.0.4.1', GET)).statuses, [300])
        await put('own')
        await proxy.sees('node2', 'UP')
      }
    })
  },
)
